package tiktok

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

var jsonHeader = []provider.Header{{Name: "Content-Type", Value: "application/json"}}

// path is where events go. The slash at its end is part of it.
const path = "/open_api/v1.3/event/track/"

// Assemble implements provider.Account. TikTok has no call that only validates; a
// destination's test_event_code marks events instead. The token travels in a
// header and never in the URL or body.
func (d *destination) Assemble(dst []byte, b *provider.Batch) provider.Request {
	start := len(dst)
	dst = append(dst, d.head...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, `]}`...)
	return provider.Request{Method: "POST", URL: strings.TrimSuffix(b.Endpoint.BaseURL, "/") + path, Header: jsonHeader, Body: dst[start:]}
}

// Probe implements provider.Account: a token of Events Manager can do nothing but
// send events, so one real event is the probe.
func (d *destination) Probe([]byte, *provider.Endpoint) (provider.Request, bool) {
	return provider.Request{}, false
}

// Authorize implements provider.Provider. It calls nobody: the token is used as
// it is, in a header of its own and without a scheme. Tokens of Events Manager
// and of developer apps are long-lived, and end by being revoked.
func (Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	token, err := conversion.Token(secret, "TikTok's", "access_token")
	if err != nil {
		return provider.Authorization{}, err
	}
	return provider.Authorization{Header: []provider.SecretHeader{{Name: "Access-Token", Value: identity.NewRaw(token)}}}, nil
}
