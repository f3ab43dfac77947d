package meta

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

var jsonHeader = []provider.Header{{Name: "Content-Type", Value: "application/json"}}

const opening = `{"data":[`

// Assemble implements provider.Account. Meta has no call that only validates;
// a destination's test_event_code marks events instead, and they count all the
// same. The token travels in a header and never in the URL or body.
func (d *destination) Assemble(dst []byte, b *provider.Batch) provider.Request {
	start := len(dst)
	dst = append(dst, opening...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, d.tail...)
	return provider.Request{
		Method: "POST",
		URL:    strings.TrimSuffix(b.Endpoint.BaseURL, "/") + "/" + d.version + "/" + d.dataset + "/events",
		Header: jsonHeader,
		Body:   dst[start:],
	}
}

// Probe implements provider.Account: Meta has no call that checks a dataset's
// token without delivering something, so one real event is the probe.
func (d *destination) Probe([]byte, *provider.Endpoint) (provider.Request, bool) {
	return provider.Request{}, false
}

// errSecret says what a secret must look like and never what was found.
var errSecret = errors.New(`reading Meta's secret: want a JSON object with "access_token" and, where the app asks for proof, "app_secret"`)

// Authorize implements provider.Provider. It calls nobody: the token is used as
// it is, and never expires by itself.
func (Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	var s struct {
		AccessToken string `json:"access_token"`
		AppSecret   string `json:"app_secret"`
	}
	d := json.NewDecoder(strings.NewReader(secret.Reveal()))
	d.DisallowUnknownFields()
	// The decoder's error may quote what it read: it is not passed on.
	if err := d.Decode(&s); err != nil || !conversion.Visible(s.AccessToken) {
		return provider.Authorization{}, errSecret
	}
	a := provider.Authorization{Header: []provider.SecretHeader{
		{Name: "Authorization", Value: identity.NewRaw("Bearer " + s.AccessToken)},
	}}
	if s.AppSecret != "" {
		a.Query = []provider.SecretHeader{{Name: "appsecret_proof", Value: identity.NewRaw(proof(s.AppSecret, s.AccessToken))}}
	}
	return a, nil
}

// proof is the keyed hash by which Meta knows that the sender has the app's
// secret.
func proof(appSecret, token string) string {
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}
