package tiktok_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
	"github.com/sluicehq/sluice/pkg/provider/tiktok"
)

// I9: TestConformance holds the provider to what router and sender rely on, for
// each kind of event source.
func TestConformance(t *testing.T) {
	account := func(source string) json.RawMessage {
		return json.RawMessage(`{"event_source":"` + source + `","event_source_id":"C123PIXEL456"}`)
	}
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
	for source, f := range map[string]providertest.Fixture{
		"web": {Section: json.RawMessage(`{"location":"clear"}`), RestrictedPlace: consent.NewJurisdiction("US", "CA"), Answers: answers},
		"app": {
			RestrictedPlace: consent.NewJurisdiction("US", "CA"), ResendUnsafe: true,
			Change: func(e *event.Event) {
				e.Source, e.Device.AppID, e.Device.Platform = event.SourceApp, "com.acme.shop", "android"
			},
		},
		"offline": {Change: func(e *event.Event) { e.Source = event.SourceInStore }},
		"crm": {
			// Ids of leads are TikTok's own numbers; one in ten has the form of a card
			// number.
			OwnNumbers: []string{"Identity.LeadID"},
			Change: func(e *event.Event) {
				e.Source, e.Identity.LeadID = event.SourceSystem, raw("7000000000000000001")
			},
		},
	} {
		t.Run(source, func(t *testing.T) {
			f.Account, f.Mapping, f.Secret = account(source), resource.Mapping{ProviderEvent: "Purchase"}, secret
			f.NoProperties, f.Without = true, []string{"coupons", "page_title"}
			f.Invalid = []providertest.Invalid{
				{Name: "nothing", Account: json.RawMessage(`{}`), Path: "account.event_source"},
				{Name: "another kind", Account: account("pixel"), Path: "account.event_source"},
				{Name: "no id", Account: json.RawMessage(`{"event_source":"web"}`), Path: "account.event_source_id"},
				{Name: "an id with a space", Account: json.RawMessage(`{"event_source":"web","event_source_id":"C 1"}`), Path: "account.event_source_id"},
				{Name: "unknown key", Account: json.RawMessage(`{"event_source":"web","event_source_id":"C1","pixel":"C1"}`), Path: "account.pixel"},
				{Name: "unknown setting", Section: json.RawMessage(`{"no_such_key":1}`), Path: "tiktok.no_such_key"},
				{Name: "a test code with a space", Section: json.RawMessage(`{"test_event_code":"TEST 1"}`), Path: "tiktok.test_event_code"},
				{Name: "an age of an hour", Section: json.RawMessage(`{"max_age":"1h"}`), Path: "tiktok.max_age"},
				{Name: "an age beyond reason", Section: json.RawMessage(`{"max_age":"400d"}`), Path: "tiktok.max_age"},
				{Name: "another form of location", Section: json.RawMessage(`{"location":"hashed"}`), Path: "tiktok.location"},
			}
			if source != "crm" {
				f.Invalid = append(f.Invalid, providertest.Invalid{Name: "a CRM's name elsewhere", Section: json.RawMessage(`{"lead_event_source":"MyCRM"}`), Path: "tiktok.lead_event_source"})
			}
			providertest.Run(t, tiktok.New(provider.Deps{}), f)
		})
	}
}
