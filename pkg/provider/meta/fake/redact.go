package fake

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// WithoutCredentials gives the body for a capture. A body without credentials
// comes back byte by byte; one with them is written anew without.
func WithoutCredentials(body []byte, contentType string) string {
	if !bytes.Contains(body, []byte("access_token")) && !bytes.Contains(body, []byte("appsecret_proof")) {
		return string(body)
	}
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return ""
		}
		form.Del("access_token")
		form.Del("appsecret_proof")
		return form.Encode()
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return "" // a form in parts, or no JSON: rather nothing than a token
	}
	delete(members, "access_token")
	delete(members, "appsecret_proof")
	clean, err := json.Marshal(members)
	if err != nil {
		return ""
	}
	return string(clean)
}
