package snapchat_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
	"github.com/sluicehq/sluice/pkg/provider/snapchat"
)

// I9: TestConformance holds the provider to what router and sender rely on, for
// each kind of event source.
func TestConformance(t *testing.T) {
	var answers []providertest.Answer
	for _, e := range readResponses(t).Examples {
		a := providertest.Answer{Name: e.Name, N: e.N, Status: e.Status, Header: e.Headers, Body: e.text(t), WaitMS: e.Expect.WaitMS}
		for class := range provider.DuplicateDelivery + 1 {
			if class.String() == e.Expect.Class {
				a.Class = class
			}
		}
		switch {
		case e.Expect.Faults != nil && len(*e.Expect.Faults) > 0:
			a.Faults = *e.Expect.Faults
		case a.Class == provider.Invalid && e.N == 1:
			a.Faults = []int{0}
		}
		answers = append(answers, a)
	}
	for asset, f := range map[string]providertest.Fixture{
		"pixel": {
			Account: json.RawMessage(`{"pixel_id":"` + pixel + `"}`), Section: json.RawMessage(`{"data_processing_options":"LMU"}`),
			RestrictedPlace: consent.NewJurisdiction("US", "CA"), Answers: answers,
		},
		"offline": {Account: json.RawMessage(`{"pixel_id":"` + pixel + `"}`), Change: func(e *event.Event) { e.Source = event.SourceInStore }},
		"app": {
			Account: json.RawMessage(`{"snap_app_id":"SNAP_APP"}`),
			Change: func(e *event.Event) {
				e.Source, e.Device.AppID, e.Device.Platform = event.SourceApp, "com.acme.shop", "android"
			},
		},
	} {
		t.Run(asset, func(t *testing.T) {
			f.Mapping, f.Secret, f.Without = resource.Mapping{ProviderEvent: "PURCHASE"}, secret, []string{"coupons", "page_title"}
			f.Invalid = []providertest.Invalid{
				{Name: "nothing", Account: json.RawMessage(`{}`), Path: "account"},
				{Name: "both", Account: json.RawMessage(`{"pixel_id":"a","snap_app_id":"b"}`), Path: "account"},
				{Name: "an id with a space", Account: json.RawMessage(`{"pixel_id":"a b"}`), Path: "account.pixel_id"},
				{Name: "unknown key", Account: json.RawMessage(`{"pixel_id":"a","pixel":"a"}`), Path: "account.pixel"},
				{Name: "unknown setting", Section: json.RawMessage(`{"no_such_key":1}`), Path: "snapchat.no_such_key"},
				{Name: "another word", Section: json.RawMessage(`{"data_processing_options":"DELETE"}`), Path: "snapchat.data_processing_options"},
			}
			providertest.Run(t, snapchat.New(provider.Deps{}), f)
		})
	}
}
