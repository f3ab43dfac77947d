package conversion

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Join writes a request's body: fragments between an opening and an ending, with
// commas. The body is what was appended to dst.
func Join(dst []byte, opening string, fragments [][]byte, ending string) []byte {
	start := len(dst)
	dst = append(dst, opening...)
	for i, f := range fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	return append(dst, ending...)[start:]
}

// Token reads a secret that is a JSON object with one member. Its error says what
// a secret must look like and never what was found. whose is such as Meta's.
func Token(secret provider.Secret, whose, member string) (string, error) {
	wrong := fmt.Errorf(`reading %s secret: want a JSON object with "%s"`, whose, member)
	s := map[string]json.RawMessage{}
	d := json.NewDecoder(strings.NewReader(secret.Reveal()))
	// The decoder's error may quote what it read: it is not passed on.
	if d.Decode(&s) != nil || len(s) != 1 || d.More() {
		return "", wrong
	}
	var token string
	if json.Unmarshal(s[member], &token) != nil || !Visible(token) {
		return "", wrong
	}
	return token, nil
}

// Visible reports a text that can stand in a header or a URL's query: not empty,
// and of visible ASCII characters only.
func Visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7F {
			return false
		}
	}
	return s != ""
}

// NoSection refuses a section of a provider that has no settings.
func NoSection(found *provider.Findings, name string, section json.RawMessage) {
	if s := bytes.TrimSpace(section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		found.Add("spec."+name, "must be absent: the provider has no settings", "", "remove it")
	}
}

// Page appends the page's URL and its referrer's, as far as they may leave. A page
// that is required and missing refuses the event, and so does one that is no URL
// where the event says that it happened on the web.
func (b *Builder) Page(urlKey, referrerKey string, required bool) {
	p := &b.Event.Page
	switch {
	case p.URL == "" && required:
		b.Refuse(decision.ProviderURLMissing, "page.url")
	case p.URL == "":
	case !b.URL(urlKey, event.Path("page.url"), p.URL):
		b.Refuse(decision.ProviderFieldInvalid, "page.url is no http or https URL")
	}
	if p.Referrer != "" && referrerKey != "" && !b.URL(referrerKey, event.Path("page.referrer"), p.Referrer) {
		b.Notes.Add(event.Path("page.referrer"), event.NoteInvalid)
	}
}

// TagCopy settles for how long a copy of the browser's tag is recognised: windowMS
// after the event where there is one, or where that is not known.
func (b *Builder) TagCopy(built *provider.Built, browserTag *bool, windowMS int64) {
	web := b.Event.EffectiveSource() == event.SourceWeb
	switch reported := b.Event.BrowserReported; {
	case reported.Set && reported.Value, !reported.Set && web && browserTag != nil && *browserTag:
		built.DedupUntil = b.Event.Time + windowMS
	case !reported.Set && web && browserTag == nil:
		built.DedupRisk = true
	}
}

// Enough is gate 6 for providers that want an identifier beyond contextual ones,
// whatever the destination asks for.
func (b *Builder) Enough(contextual decision.KindSet) {
	switch {
	case b.Present == 0:
		b.Insufficient(decision.IdentifiersNone, payload.Removed(b.Dropped[:], "no identifier is left"))
	case b.Present&^contextual == 0:
		b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "what is left is too little for the provider"))
	}
}

// Hex32 reads 32 hexadecimal digits, in the form of a UUID or without hyphens, in
// lower case; false where s is something else, or all zeros.
func Hex32(s string) (hex [32]byte, ok bool) {
	n, zero := 0, true
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		if c == '-' && len(s) == 36 && (i == 8 || i == 13 || i == 18 || i == 23) {
			continue
		}
		if n == len(hex) || (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return hex, false
		}
		zero = zero && c == '0'
		hex[n] = c
		n++
	}
	return hex, n == len(hex) && !zero
}
