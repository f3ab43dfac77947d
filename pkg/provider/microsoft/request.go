package microsoft

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

var jsonHeader = []provider.Header{{Name: "Content-Type", Value: "application/json"}}

// Assemble implements provider.Account. continueOnValidationError stays at its
// default: one bad event refuses all, and the answer says which.
func (a *account) Assemble(dst []byte, b *provider.Batch) provider.Request {
	return provider.Request{
		Method: "POST", URL: a.events(b.Endpoint), Header: jsonHeader,
		Body: conversion.Join(dst, `{"data":[`, b.Fragments, `],"dataProvider":"Sluice"}`),
	}
}

func (a *account) events(at *provider.Endpoint) string {
	return strings.TrimSuffix(at.BaseURL, "/") + "/v1/" + a.tag + "/events"
}

// Probe implements provider.Account: a request without events is refused with 400
// where the token is good, and with 401 where it is not.
func (a *account) Probe(dst []byte, at *provider.Endpoint) (provider.Request, bool) {
	return provider.Request{Method: "POST", URL: a.events(at), Header: jsonHeader, Body: append(dst, `{"data":[],"dataProvider":"Sluice"}`...)}, true
}

// Authorize implements provider.Provider. It calls nobody: the tag's token is used
// as it is.
func (Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	token, err := conversion.Token(secret, "Microsoft's", "access_token")
	if err != nil {
		return provider.Authorization{}, err
	}
	return provider.Authorization{Header: []provider.SecretHeader{{Name: "Authorization", Value: identity.NewRaw("Bearer " + token)}}}, nil
}

var _ provider.Trials = Provider{}

// Trial implements provider.Trials. Microsoft has no test mode: a test event is an
// event.
func (Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	if o.Code != "" {
		return provider.Trial{}, &provider.TrialError{What: "--test-event-code: Microsoft has no such code", Fix: "leave it out"}
	}
	if !o.Real {
		return provider.Trial{}, &provider.TrialError{
			What: "Microsoft has no call that only checks an event: a test event would be stored and count for every goal that listens to its name",
			Fix:  "run explain to see the payload and doctor to try the token, or give --real to store one event",
		}
	}
	return provider.Trial{
		Destination: d, Stored: true,
		Means:   "Microsoft stores it like any other event, and goals that listen to its name count it.",
		Look:    "Microsoft Advertising > Conversions > UET tags > the tag > Dashboard, within minutes to hours.",
		Private: []string{"userData"},
	}, nil
}
