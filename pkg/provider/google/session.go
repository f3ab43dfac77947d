package google

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// maxSession is from where on Google's own tag leaves session attributes out,
// in characters.
const maxSession = 4000

// googleParameters are the URL parameters of Google's own that may stay in a
// URL; which of them do is a matter of ad_storage.
var googleParameters = []string{"gclid", "gbraid", "wbraid", "gad_source", "gad_campaignid"}

// rulesFor gives what may leave of URLs under a mapping.
func rulesFor(m *resource.Mapping) identity.URLPolicy {
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		mode = identity.URLOrigin
	}
	return identity.URLPolicy{Mode: mode, ClickIDs: googleParameters, Parameters: m.URLParameters}
}

// urlPolicy is the mapping's, narrowed by consent and sensitivity.
func (b *build) urlPolicy() identity.URLPolicy {
	p := b.t.url
	if b.in.Sensitive {
		p.Mode = identity.URLOrigin
	}
	if !b.in.Usable.Has(consent.AdStorage) || !b.in.Route.Kinds.Has(decision.KindClickID) {
		p.ClickIDs = nil
	}
	return p
}

// session takes sessionAttributes: base64url of a JSON object that holds,
// among other things, two URLs and the user agent. The URLs pass the same
// rules as any other; what is no known member is left out. An object that
// changes nothing by this is sent as it came.
func (b *build) session(raw identity.Raw) {
	if b.in.Restricted || !b.in.Usable.Has(consent.AdUserData) {
		b.drop(decision.KindClickID, decision.DropRestricted)
		return
	}
	path := event.Path("click.session_attributes")
	s := identity.Trim(raw.Reveal())
	if len(s) > maxSession {
		b.drop(decision.KindClickID, decision.DropLimit)
		b.notes.Add(path, event.NoteLimit)
		return
	}
	decoded, err := base64.RawURLEncoding.AppendDecode(b.buf[:0], []byte(s))
	if err != nil || !json.Valid(decoded) {
		b.drop(decision.KindClickID, decision.DropInvalid)
		b.notes.Add(path, event.NoteInvalid)
		return
	}
	n := len(decoded)
	out, ok := b.appendSession(decoded, decoded[:n:n])
	b.buf = out
	switch clean := out[n:]; {
	case !ok || len(clean) <= len("{}"):
		b.drop(decision.KindClickID, decision.DropInvalid)
		b.notes.Add(path, event.NoteInvalid)
	case string(clean) == string(out[:n]):
		b.signals.session = s
	default:
		b.signals.session = base64.RawURLEncoding.EncodeToString(clean)
	}
}

// appendSession appends the members of object that may leave.
func (b *build) appendSession(dst, object []byte) ([]byte, bool) {
	r := flatReader{s: object}
	if !r.open() {
		return dst, false
	}
	dst = append(dst, '{')
	for {
		key, value, more := r.member()
		if !more {
			break
		}
		dst = b.appendMember(dst, key, value)
	}
	return append(dst, '}'), !r.broken
}

func (b *build) appendMember(dst []byte, key string, value []byte) []byte {
	start := len(dst)
	text, isText := unquote(value)
	switch key {
	case "gad_source", "gad_campaignid", "session_start_time_usec":
		if (isText && isToken(text, 64) || isDigits(string(value))) && identity.LookID(string(value)) == identity.NotSuspect {
			return append(jsonappend.Key(dst, key), value...)
		}
	case "landing_page_user_agent":
		if isText && text != "" && len(text) <= maxAgent && b.in.Route.Kinds.Has(decision.KindUserAgent) && !payload.Unsafe(b.e, text) {
			return jsonappend.String(jsonappend.Key(dst, key), identity.Vouch(text))
		}
	case "landing_page_url", "landing_page_referrer":
		if !isText {
			return dst
		}
		out, unsafe, ok := identity.AppendURL(append(jsonappend.Key(dst, key), '"'), text, b.urlPolicy())
		if unsafe > 0 {
			b.unsafe += int32(unsafe)
			b.notes.Add(event.Path("click.session_attributes"), event.NoteUnsafe)
		}
		if !ok {
			return out[:start]
		}
		return append(out, '"')
	}
	return dst
}

// flatReader reads the members of one valid JSON object without reflection.
type flatReader struct {
	s      []byte
	i      int
	broken bool // something nested, which session attributes never have
}

func (r *flatReader) space() {
	for r.i < len(r.s) && strings.IndexByte(" \t\r\n", r.s[r.i]) >= 0 {
		r.i++
	}
}

func (r *flatReader) open() bool {
	r.space()
	if r.i >= len(r.s) || r.s[r.i] != '{' {
		return false
	}
	r.i++
	return true
}

// member gives the next key and raw value.
func (r *flatReader) member() (key string, value []byte, more bool) {
	r.space()
	if r.i < len(r.s) && r.s[r.i] == ',' {
		r.i++
		r.space()
	}
	if r.i >= len(r.s) || r.s[r.i] != '"' {
		return "", nil, false
	}
	key, _ = unquote(r.token())
	r.space()
	r.i++ // the colon
	r.space()
	value = r.token()
	return key, value, !r.broken
}

// token reads a string or a bare word; the object is known to be valid.
func (r *flatReader) token() []byte {
	start := r.i
	switch r.s[r.i] {
	case '{', '[':
		r.broken = true
	case '"':
		for r.i++; r.s[r.i] != '"'; r.i++ {
			if r.s[r.i] == '\\' {
				r.i++
			}
		}
		r.i++
	default:
		for r.i < len(r.s) && strings.IndexByte(",} \t\r\n", r.s[r.i]) < 0 {
			r.i++
		}
	}
	return r.s[start:r.i]
}

// unquote reads a JSON string.
func unquote(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	var s string // escapes are rare here
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}
