package google

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// eventFields are the computed fields that have a place of their own; all
// others become custom variables or event parameters.
var eventFields = [...]string{"value", "currency", "discount", "customer_type", "customer_value_bucket"}

// field gives a computed field.
func (b *build) field(name string) (event.Value, bool) {
	for i := range b.in.Fields {
		if f := &b.in.Fields[i]; f.Name == name {
			return f.Value, true
		}
	}
	return event.Value{}, false
}

// appendVariables appends customVariables: the computed fields without a place
// of their own, then the properties that the mapping names.
func (b *build) appendVariables(dst []byte) []byte {
	return b.appendPairs(dst, "customVariables", "variable", false)
}

func (b *build) appendPairs(dst []byte, key, nameKey string, analytics bool) []byte {
	start := len(dst)
	dst = append(jsonappend.Key(dst, key), '[')
	list := len(dst)
	if analytics {
		dst = b.appendPageParameters(dst)
	}
	for i := range b.in.Fields {
		if f := &b.in.Fields[i]; !slices.Contains(eventFields[:], f.Name) {
			dst = b.appendScalar(dst, event.Member("fields", f.Name), nameKey, f.Name, f.Value)
		}
	}
	named := b.in.Route.Mapping.Properties
	for i, n := 0, 0; i < len(b.e.Properties) && n < maxParameters; i++ {
		p := &b.e.Properties[i]
		if _, computed := b.field(p.Key); computed || !slices.Contains(named, p.Key) {
			continue
		}
		dst = b.appendScalar(dst, event.Member("properties", p.Key), nameKey, p.Key, p.Value)
		n++
	}
	if len(dst) == list {
		return dst[:start]
	}
	return append(dst, ']')
}

// appendScalar appends one named value as a string, which is the only type
// that variables and parameters have.
func (b *build) appendScalar(dst []byte, at event.At, nameKey, name string, v event.Value) []byte {
	switch v.Kind {
	case event.String:
		return b.appendText(dst, at, nameKey, name, v.Str)
	case event.Double:
		if !jsonappend.Finite(v.Double) {
			return dst
		}
	case event.Long, event.Boolean:
	default:
		return dst
	}
	if payload.SuspectNumber(v) {
		b.refused(at)
		return dst
	}
	dst = append(jsonappend.Comma(dst), '{')
	dst = jsonappend.String(jsonappend.Key(dst, nameKey), identity.Vouch(name))
	dst = append(jsonappend.Key(dst, "value"), '"')
	switch v.Kind {
	case event.Long:
		dst = jsonappend.Int(dst, v.Long)
	case event.Double:
		dst = jsonappend.Decimal(dst, v.Double, 6)
	default:
		dst = jsonappend.Bool(dst, v.Bool)
	}
	return append(dst, '"', '}')
}

// appendText passes a text through the check for personal data; a URL passes
// the rules for URLs.
func (b *build) appendText(dst []byte, at event.At, nameKey, name, text string) []byte {
	if !looksLikeURL(text) {
		return b.appendParameter(dst, at, nameKey, identity.Vouch(name), text)
	}
	out, unsafe, ok := identity.AppendURL(b.buf[:0], text, b.urlPolicy())
	b.buf = out
	if unsafe > 0 {
		b.unsafe += int32(unsafe)
		b.notes.Add(at, event.NoteUnsafe)
	}
	if !ok {
		b.refused(at)
		return dst
	}
	dst = append(jsonappend.Comma(dst), '{')
	dst = jsonappend.String(jsonappend.Key(dst, nameKey), identity.Vouch(name))
	return append(jsonappend.Bytes(jsonappend.Key(dst, "value"), identity.VouchBytes(out)), '}')
}

func looksLikeURL(s string) bool {
	i := strings.Index(s, "://")
	return i > 0 && i < 8
}

// appendProperties appends userProperties, from the fields or the event. A
// word that Google does not know is left out.
func (b *build) appendProperties(dst []byte) []byte {
	kind := upperOf(b.word("customer_type", b.e.Commerce.CustomerType), "NEW", "RETURNING", "REENGAGED")
	bucket := upperOf(b.word("customer_value_bucket", b.e.Commerce.CustomerValueBucket), "LOW", "MEDIUM", "HIGH")
	if kind == "" && bucket == "" {
		return dst
	}
	dst = append(jsonappend.Key(dst, "userProperties"), '{')
	dst = appendSetting(dst, "customerType", kind)
	return append(appendSetting(dst, "customerValueBucket", bucket), '}')
}

func (b *build) word(field, own string) string {
	if v, ok := b.field(field); ok {
		return v.Str
	}
	return own
}

// upperOf finds the constant that s spells in any case.
func upperOf(s string, words ...string) string {
	if s == "" {
		return ""
	}
	for _, w := range words {
		if strings.EqualFold(s, w) {
			return w
		}
	}
	return ""
}

// appendAnalytics appends what only Google Analytics takes.
func (b *build) appendAnalytics(dst []byte) []byte {
	dst = jsonappend.String(jsonappend.Key(dst, "eventName"), identity.Vouch(b.t.event))
	for _, id := range [...]struct {
		key   string
		value identity.Clean
	}{{"clientId", b.signals.client}, {"appInstanceId", b.signals.appInstance}, {"userId", b.signals.user}} {
		if !id.value.IsZero() {
			dst = jsonappend.String(jsonappend.Key(dst, id.key), id.value)
		}
	}
	return b.appendPairs(dst, "additionalEventParameters", "parameterName", true)
}

// appendPageParameters appends the parameters that reports need: the session,
// amounts and the page.
func (b *build) appendPageParameters(dst []byte) []byte {
	include := b.in.Route.Mapping.Include
	dst = b.appendMoneyParameters(b.appendSessionParameters(dst))
	dst = b.appendURL(dst, event.Path("page.url"), "page_location", b.e.Page.URL)
	dst = b.appendURL(dst, event.Path("page.referrer"), "page_referrer", b.e.Page.Referrer)
	if b.in.Sensitive {
		return dst
	}
	if include["page_title"] && b.e.Page.Title != "" {
		dst = b.appendParameter(dst, event.Path("page.title"), "parameterName", identity.Literal("page_title"), b.e.Page.Title)
	}
	if include["search_term"] && b.e.Commerce.SearchTerm != "" {
		dst = b.appendParameter(dst, event.Path("commerce.search_term"), "parameterName", identity.Literal("search_term"), b.e.Commerce.SearchTerm)
	}
	return dst
}

func (b *build) appendVouched(dst []byte, name string, value identity.Clean) []byte {
	dst = append(jsonappend.Comma(dst), '{')
	dst = jsonappend.String(jsonappend.Key(dst, "parameterName"), identity.Vouch(name))
	return append(jsonappend.String(jsonappend.Key(dst, "value"), value), '}')
}

func (b *build) appendURL(dst []byte, at event.At, name, url string) []byte {
	if url == "" || !looksLikeURL(url) {
		return dst
	}
	return b.appendText(dst, at, "parameterName", name, url)
}
