package resource

import (
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// apiVersion is the only version of the file format.
const apiVersion = "sluice/v1"

// The kinds of resources.
const (
	KindDestination = "Destination"
	KindMapping     = "Mapping"
	KindPolicy      = "Policy"
)

// What a destination has where its file says nothing.
const (
	DefaultDedupWindowMS int64 = 9 * 24 * 60 * 60 * 1000
	MinDedupWindowMS     int64 = 48 * 60 * 60 * 1000
	DefaultRetryForMS    int64 = 24 * 60 * 60 * 1000
	DefaultPolicy              = "default"
)

// Shapes of the documents. Structs in resource.go, and consent.Policy, declare
// them; reading, hashes, exports, docs and the JSON Schema follow.
var (
	destinationSchema = document.Declare(defaultDestination(), options)
	mappingSchema     = document.Declare(Mapping{Enabled: true}, options)
	policySchema      = document.Declare(consent.Policy{}, options)
	// A mapping's document names destinations and events around rows, or one
	// of each beside the keys of one row.
	mappingHead    = document.Declare(mappingDocument{}, options)
	rowSchema      = mappingSchema.At("spec").Without("destination", "event")
	defaultsSchema = rowSchema.Without("provider_event", "from_template")
)

func defaultDestination() Destination {
	return Destination{
		Consent: ConsentSpec{Policy: DefaultPolicy}, Traffic: []string{"live"}, Dedup: DedupSpec{WindowMS: DefaultDedupWindowMS},
		Delivery: DeliverySpec{RetryForMS: DefaultRetryForMS, MinClickAgeMS: -1},
	}
}

// The forms of names. A destination's name is part of topic keys, metrics and
// file names, so it is the strictest.
var (
	destinationName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	resourceName    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$`)
	expandedName    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?/[a-z0-9-]+/\S+$`)
	customerName    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
	eventName       = regexp.MustCompile(`^\S{1,256}$`)
)

// secretReference is what a secret looks like: a file inside the sender's
// secrets directory, or an environment variable. The secret itself never
// stands in a resource, and a value that is no reference may be one that was
// pasted by mistake, so no problem shows it.
var secretReference = regexp.MustCompile(`^(file:[A-Za-z0-9][A-Za-z0-9._/-]*|env:[A-Za-z_][A-Za-z0-9_]*)$`)

const eventRule = "must be an event name without spaces, at most 256 characters"

var rules = map[string]document.Rule{
	"destination": {Must: "must be lower-case letters, digits and dashes, at most 63", Mend: plainName, Form: destinationName},
	"resource":    {Must: "must be letters, digits, dots, dashes and underscores", Mend: plainName, Form: resourceName},
	"customer":    {Must: "must be 1 to 128 of A-Z a-z 0-9 . _ -", Mend: plainName, Form: customerName},
	"event":       {Must: eventRule, Fix: "choose another name", Form: eventName},
	"country":     {Must: "must be an ISO 3166-1 country code", Fix: "write two capital letters, such as DE", Form: regexp.MustCompile(`^[A-Z]{2}$`)},
	"currency":    {Must: "must be an ISO 4217 currency code", Fix: "write three capital letters, such as EUR", Form: regexp.MustCompile(`^[A-Z]{3}$`)},
	"secret": {
		Must: "must be file:NAME or env:NAME", Fix: "put the secret into a file in the sender's secrets directory and name it here", Hide: true, Form: secretReference,
		OK: func(s string) bool { return secretReference.MatchString(s) && !strings.Contains(s, "..") },
	},
}

var options = document.Options{
	Rules: rules,
	Words: map[string][]string{
		"identifiers": decision.AllKinds.Names(), "purposes": consent.AllPurposes.Names(),
		"templates": append([]string{""}, templateNames()...),
		// Details that leave only where a mapping's include lists them.
		"include": {"item_names", "item_brands", "item_categories", "coupons", "search_term", "page_title"},
	},
	Kinds: []document.Kind{
		document.WordOf(parseMode, Mode.String), document.WordOf(parseOnFail, OnFail.String),
		document.WordOf(decision.ParseLane, decision.Lane.String),
		document.WordOf(parseSensitive, func(s Sensitive) string { return string(s) }),
		document.KindOf(document.Kind{Name: "transaction", Title: "word"}, func(string) (bool, error) { return true, nil }, func(on bool) string {
			if !on {
				return ""
			}
			return "transaction_id"
		}),
		document.BoolOf(consent.TriOf, func(t consent.Tri) bool { return t == consent.True }),
		document.WordsOf(consent.ParsePurposes, consent.PurposeSet.Names),
		document.WordsOf(decision.ParseKinds, decision.KindSet.Names),
	},
}

func parseMode(word string) (Mode, error) {
	if word == "shadow" {
		return ModeShadow, nil
	}
	return ModeLive, nil
}

func parseSensitive(word string) (Sensitive, error) { return Sensitive(word), nil }

func parseOnFail(word string) (OnFail, error) {
	switch word {
	case "hold":
		return Hold, nil
	case "restrict":
		return Restrict, nil
	default:
		return Skip, nil
	}
}

// String gives the word used in resources.
func (o OnFail) String() string { return [...]string{"skip", "hold", "restrict"}[min(o, Restrict)] }

// String gives the word used in resources.
func (m Mode) String() string {
	if m == ModeShadow {
		return "shadow"
	}
	return "live"
}

// asDocument gives a resource as its document, without what is the default
// anyway. Hashes, exports and plans are made from it, so they cannot disagree
// about what a resource contains.
func asDocument(kind string, schema *document.Schema, v any, names map[string][]string) *document.Node {
	n := document.NewMap().PutText("apiVersion", apiVersion).PutText("kind", kind)
	n.Entries = append(n.Entries, schema.Node(v, names).Entries...)
	return n
}

func destinationNode(d *Destination) *document.Node {
	return asDocument(KindDestination, destinationSchema, d, map[string][]string{"provider": {d.Provider}})
}

// mappingNode gives one record in the short form. The provider's section needs
// its name, which the record itself does not know: it is told by the caller
// where it matters (export) and is "section" otherwise.
func mappingNode(m *Mapping, provider string) *document.Node {
	return asDocument(KindMapping, mappingSchema, m, map[string][]string{"section": {provider}})
}

func policyNode(p *consent.Policy) *document.Node {
	return asDocument(KindPolicy, policySchema, p, nil)
}

// Export writes records as YAML documents that Load reads back to the same
// records. Every expanded mapping is a document of its own, because the
// records do not say how they were grouped.
func Export(r *Resources) []byte {
	var docs []*document.Node
	for _, d := range r.Destinations {
		docs = append(docs, destinationNode(d))
	}
	for _, m := range r.Mappings {
		provider := ""
		if d, ok := r.Destination(m.DestinationID); ok {
			provider = d.Provider
		}
		docs = append(docs, mappingNode(m, provider))
	}
	for _, p := range r.Policies {
		docs = append(docs, policyNode(p))
	}
	return document.Write(docs...)
}
