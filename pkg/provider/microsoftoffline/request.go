package microsoftoffline

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

// The groups: conversions and adjustments have addresses of their own.
const (
	groupApply  = "apply"
	groupAdjust = "adjust"
	groupOnline = "adjust-online"
)

const service = "/CampaignManagement/" + version + "/"

// Assemble implements provider.Account. Microsoft has no dry run.
func (a *account) Assemble(dst []byte, b *provider.Batch) provider.Request {
	path, opening := "OfflineConversions/Apply", `{"OfflineConversions":[`
	switch b.Group {
	case groupAdjust:
		path, opening = "OfflineConversionAdjustments/Apply", `{"OfflineConversionAdjustments":[`
	case groupOnline:
		path, opening = "OnlineConversionAdjustments/Apply", `{"OnlineConversionAdjustments":[`
	}
	return provider.Request{Method: "POST", URL: address(b.Endpoint, path), Header: a.header, Body: conversion.Join(dst, opening, b.Fragments, `]}`)}
}

func address(at *provider.Endpoint, path string) string {
	return strings.TrimSuffix(at.BaseURL, "/") + service + path
}

// Probe implements provider.Account: it asks for the account's offline goals.
func (a *account) Probe(dst []byte, at *provider.Endpoint) (provider.Request, bool) {
	body := append(dst, `{"ConversionGoalIds":null,"ConversionGoalTypes":"OfflineConversion"}`...)
	return provider.Request{Method: "POST", URL: address(at, "ConversionGoals/QueryByIds"), Header: a.header, Body: body[len(dst):]}, true
}

var _ provider.Trials = Provider{}

// Trial implements provider.Trials. Microsoft has no test mode: a test event is a
// conversion.
func (Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	if o.Code != "" {
		return provider.Trial{}, &provider.TrialError{What: "--test-event-code: Microsoft has no such code", Fix: "leave it out"}
	}
	if !o.Real {
		return provider.Trial{}, &provider.TrialError{
			What: "Microsoft has no call that only checks a conversion: a test event would be stored and count for its goal",
			Fix:  "run explain to see the payload and doctor to try the credentials, or give --real to store one conversion",
		}
	}
	return provider.Trial{
		Destination: d, Stored: true,
		Means:   "Microsoft stores it like any other conversion, and counts it where it finds the click or the person.",
		Look:    "Microsoft Advertising > Conversions > Conversion goals > the goal, within hours.",
		Private: []string{"MicrosoftClickId", "HashedEmailAddress", "HashedPhoneNumber"},
	}, nil
}
