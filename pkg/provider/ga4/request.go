package ga4

import (
	"context"
	"net/url"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

var jsonHeader = []provider.Header{{Name: "Content-Type", Value: "application/json"}}

// The paths: what the first gets is stored, what the second gets is only judged.
const collectPath, debugPath = "/mp/collect", "/debug/mp/collect"

// Assemble implements provider.Account. A fragment is a whole request (MaxBatch).
func (a *account) Assemble(dst []byte, b *provider.Batch) provider.Request {
	path := collectPath
	if b.ValidateOnly {
		path = debugPath
	}
	stream := "?measurement_id="
	if a.app {
		stream = "?firebase_app_id="
	}
	return provider.Request{
		Method: "POST", URL: a.address(b.Endpoint) + path + stream + url.QueryEscape(a.stream), Header: jsonHeader,
		Body: conversion.Join(dst, "", b.Fragments, ""),
	}
}

// Probe implements provider.Account: nothing of the protocol looks at the secret.
func (a *account) Probe([]byte, *provider.Endpoint) (provider.Request, bool) {
	return provider.Request{}, false
}

// Authorize implements provider.Provider. It calls nobody: the secret stands in the
// query, for the protocol takes it in no header.
func (Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	value, err := conversion.Token(secret, "GA4's", "api_secret")
	if err != nil {
		return provider.Authorization{}, err
	}
	return provider.Authorization{Query: []provider.SecretHeader{{Name: "api_secret", Value: identity.NewRaw(value)}}}, nil
}

// Trial implements provider.Trials. The debug path judges an event and stores nothing.
func (Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	t := provider.Trial{Destination: d, Private: []string{"client_id", "app_instance_id", "session_id", "user_id", "user_data", "ip_override", "user_agent"}}
	switch {
	case o.Code != "":
		return provider.Trial{}, &provider.TrialError{What: "--test-event-code: Google Analytics has no such code", Fix: "leave it out; ga4.debug_mode of a destination of your own shows its events in DebugView"}
	case o.Real:
		t.Stored = true
		t.Means = "Google Analytics stores and counts the event like any other. It answers success also where secret or data stream are wrong."
		t.Look = "Reports > Realtime, within minutes; nothing there means that the secret or the data stream is wrong."
	default:
		t.ValidateOnly = true
		t.Means = "Google Analytics judges the form of the event and stores nothing. It looks neither at the secret nor at the data stream: what passes here may still never arrive."
		t.Look = "This answer. Use --real and Reports > Realtime to try the secret."
	}
	return t, nil
}
