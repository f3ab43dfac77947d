package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// The version of the payload, which changes when a receiver that reads the
// old form would misread the new one. New members do not change it.
const opening = `{"version":1,"events":[`

// The headers of the Standard Webhooks scheme.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// Assemble implements provider.Account. The id follows from the destination
// and the body alone, so that the same events in the same order have the same
// id however often they are sent; only timestamp and signature change. Events
// that are sent in another company later have another id there, and are told
// apart by their event_id.
func (d *destination) Assemble(dst []byte, b *provider.Batch) provider.Request {
	if len(b.Authorization.Signing) == 0 {
		// A mistake of the caller: a request without signature must not be
		// sent, and one without method, URL and body cannot be.
		return provider.Request{}
	}
	start := len(dst)
	dst = append(dst, opening...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, ']')
	if b.ValidateOnly {
		dst = append(dst, `,"test":true`...)
	}
	dst = append(dst, '}')
	body := dst[start:]
	id, timestamp := messageID(b.Endpoint.Destination.ID, body), strconv.FormatInt(b.Now/second, 10)
	return provider.Request{
		Method: "POST",
		URL:    address(b.Endpoint.BaseURL, d),
		Header: []provider.Header{
			{Name: "Content-Type", Value: "application/json"},
			{Name: headerID, Value: id},
			{Name: headerTimestamp, Value: timestamp},
			{Name: headerSignature, Value: signatures(b.Authorization.Signing, id, timestamp, body)},
		},
		Body: body,
	}
}

// address is the destination's, or its place below the sandbox that the
// installation sets as base_url.
func address(base string, d *destination) string {
	if base == "" {
		return d.url
	}
	return strings.TrimSuffix(base, "/") + "/" + d.place
}

// messageID names a request by what it carries.
func messageID(destination string, body []byte) string {
	h := sha256.New()
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(destination)))
	h.Write(length[:])
	h.Write([]byte(destination))
	h.Write(body)
	return "msg_" + hex.EncodeToString(h.Sum(nil)[:16])
}

// signatures gives one signature per key, separated by spaces, so that a
// receiver may know either key while they are exchanged.
func signatures(keys []provider.Secret, id, timestamp string, body []byte) string {
	out := make([]byte, 0, 48*len(keys))
	var sum [sha256.Size]byte
	for i, key := range keys {
		mac := hmac.New(sha256.New, []byte(key.Reveal()))
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, "v1,"...)
		out = base64.StdEncoding.AppendEncode(out, mac.Sum(sum[:0]))
	}
	return string(out)
}

// Probe implements provider.Account: a receiver need not know a request that
// carries no events, so one real event is the probe.
func (d *destination) Probe([]byte, *provider.Endpoint) (provider.Request, bool) {
	return provider.Request{}, false
}

// errSecret says what a secret must look like and never what was found.
var errSecret = errors.New(`reading a webhook's secret: want a JSON object with "signing_key" (whsec_ and 24 to 64 bytes in base64) and, while keys are exchanged, "previous_signing_key"`)

// Authorize implements provider.Provider. It calls nobody: the keys are only
// ever used to sign.
func (p *Provider) Authorize(_ context.Context, _ provider.Doer, _ *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	var s struct {
		Key      string `json:"signing_key"`
		Previous string `json:"previous_signing_key"`
	}
	d := json.NewDecoder(strings.NewReader(secret.Reveal()))
	d.DisallowUnknownFields()
	// The decoder's error may quote what it read: it is not passed on.
	if err := d.Decode(&s); err != nil {
		return provider.Authorization{}, errSecret
	}
	var a provider.Authorization
	for i, text := range [...]string{s.Key, s.Previous} {
		if i > 0 && text == "" {
			break
		}
		key, ok := signingKey(text)
		if !ok {
			return provider.Authorization{}, errSecret
		}
		a.Signing = append(a.Signing, key)
	}
	return a, nil
}

// The sizes of a key, in bytes, as the scheme has them.
const minKey, maxKeyBytes = 24, 64

func signingKey(text string) (provider.Secret, bool) {
	encoded, ok := strings.CutPrefix(text, "whsec_")
	if !ok {
		return provider.Secret{}, false
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(key) < minKey || len(key) > maxKeyBytes {
		return provider.Secret{}, false
	}
	return identity.NewRaw(string(key)), true
}
