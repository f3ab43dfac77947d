package fake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{8,128}$`)

// authenticate checks id, timestamp and signature of the Standard Webhooks
// scheme.
func (s *Service) authenticate(keys []string, id string, req call.Request) *Refusal {
	refuse := func(code, message string) *Refusal {
		return &Refusal{Status: http.StatusUnauthorized, Code: code, Message: message}
	}
	stamp := req.Header.Get("Webhook-Timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case !idForm.MatchString(id):
		return refuse("id", "webhook-id is missing or of another form")
	case err != nil:
		return refuse("timestamp", "webhook-timestamp is not a number of seconds")
	case req.Now.Sub(time.Unix(at, 0)).Abs() > s.cfg.Tolerance:
		return refuse("timestamp", fmt.Sprintf("webhook-timestamp is more than %s off", s.cfg.Tolerance))
	}
	for _, key := range keys {
		want, err := Sign(key, id, stamp, req.Body)
		if err != nil {
			return &Refusal{Status: http.StatusInternalServerError, Code: "key", Message: "the sandbox has a key that cannot be read"}
		}
		for _, got := range strings.Fields(req.Header.Get("Webhook-Signature")) {
			if hmac.Equal([]byte(got), []byte(want)) {
				return nil
			}
		}
	}
	return refuse("signature", "no signature is that of a key of this endpoint")
}

// Sign gives the signature that a request must have: v1 and the keyed hash of
// id, timestamp and body.
func Sign(key, id, timestamp string, body []byte) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
	if err != nil {
		return "", fmt.Errorf("reading a signing key: %w", err)
	}
	mac := hmac.New(sha256.New, raw)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
