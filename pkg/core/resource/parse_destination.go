package resource

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
)

// What a destination has where its file says nothing.
const (
	DefaultDedupWindowMS int64 = 9 * 24 * 60 * 60 * 1000
	MinDedupWindowMS     int64 = 48 * 60 * 60 * 1000
	DefaultRetryForMS    int64 = 24 * 60 * 60 * 1000
	DefaultPolicy              = "default"
)

// secretReference is what a secret looks like: a file inside the sender's
// secrets directory, or an environment variable. The secret itself never
// stands in a resource.
var secretReference = regexp.MustCompile(`^(file:[A-Za-z0-9][A-Za-z0-9._/-]*|env:[A-Za-z_][A-Za-z0-9_]*)$`)

var (
	countryCode  = regexp.MustCompile(`^[A-Z]{2}$`)
	currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)
)

func milliseconds(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// destination reads metadata and spec of a Destination. sections are the names
// of the known providers; only its own provider's section may stand in it.
func (r *reader) destination(name string, metadata, spec *section, sections []string) *Destination {
	metadata.name("name", destinationName, "must be lower-case letters, digits and dashes, at most 63", 63)
	metadata.name("customer", customerName, "must be 1 to 128 of A-Z a-z 0-9 . _ -", 128)
	metadata.require("customer")
	spec.require("provider", "account")
	d := &Destination{
		ID: name, Customer: metadata.str("customer"), Owner: metadata.str("owner"), Runbook: metadata.str("runbook"),
		Provider: spec.str("provider"),
		Active:   spec.boolean("active", false),
		Paused:   spec.boolean("paused", false),
		Account:  spec.raw("account"),
	}
	if d.Provider != "" && !slices.Contains(sections, d.Provider) {
		spec.wrong("provider", "must be "+orList(sections), quoted(d.Provider), "use one of these providers")
	} else if d.Provider != "" {
		d.Section = spec.raw(d.Provider)
	}
	if spec.oneOf("mode", "live", "shadow") == "shadow" {
		d.Mode = ModeShadow
	}
	d.Secret = r.secret(spec)
	d.Terms = r.terms(spec.child("terms"))
	d.Identifiers, d.HasIdentifiers = r.identifiers(spec)
	d.Consent = r.consentSpec(spec.child("consent"))
	d.Sensitive = readSensitive(spec)
	d.BrowserTag = spec.optionalBool("browser_tag")
	d.Traffic = r.traffic(spec)
	d.ContextualOnly = spec.boolean("contextual_only", false)
	d.Defaults = r.defaults(spec.child("defaults"))
	d.Dedup = r.dedup(spec.child("dedup"))
	d.Delivery = r.delivery(spec.child("delivery"))
	d.Objectives = r.objectives(spec.child("objectives"))
	return d
}

// secret reads the reference. A value that is none may be the secret itself,
// pasted by mistake, so the problem does not show it.
func (r *reader) secret(spec *section) string {
	ref := spec.str("secret")
	if ref != "" && (!secretReference.MatchString(ref) || strings.Contains(ref, "..")) {
		spec.wrong("secret", "must be file:NAME or env:NAME", "a value that is not shown", "put the secret into a file in the sender's secrets directory and name it here")
		return ""
	}
	return ref
}

func (r *reader) terms(s *section) Terms {
	t := Terms{AcceptedBy: s.str("accepted_by"), AcceptedAt: s.date("accepted_at")}
	if list := s.get("documents"); list != nil && list.shape == shapeList {
		for i, item := range list.list {
			doc := r.section(item, indexPath(s.sub("documents"), i))
			doc.require("name")
			t.Documents = append(t.Documents, TermsDocument{Name: doc.str("name"), Version: doc.str("version")})
			doc.done()
		}
	} else if list != nil {
		s.wrong("documents", "must be a list", s.shown(list), "write a list of name and version")
	}
	s.done()
	return t
}

func (r *reader) identifiers(spec *section) (decision.KindSet, bool) {
	words, given := spec.strs("identifiers")
	var set decision.KindSet
	var known []string
	for k := decision.KindEmail; k < decision.KindCount; k++ {
		known = append(known, k.String())
	}
	for i, word := range words {
		kind, ok := decision.ParseKind(word)
		if !ok {
			r.unknownWord(spec.sub("identifiers"), i, word, known)
			continue
		}
		set = set.With(kind)
	}
	return set, given
}

// unknownWord reports an entry of a list that is none of the known words.
func (r *reader) unknownWord(path string, i int, word string, known []string) {
	fix := "use only these words"
	if near := nearest(word, known); near != "" {
		fix = "did you mean " + near + "?"
	}
	r.report(Problem{Path: indexPath(path, i), Rule: "must be one of " + orList(known), Value: quoted(word), Fix: fix})
}

func (r *reader) consentSpec(s *section) ConsentSpec {
	c := ConsentSpec{Policy: s.str("policy")}
	if c.Policy == "" {
		c.Policy = DefaultPolicy
	}
	c.Choice = onFail(s.oneOf("choice", "skip", "restrict"))
	c.Denied = onFail(s.oneOf("denied", "skip", "restrict"))
	c.Unknown = onFail(s.oneOf("unknown", "skip", "hold", "restrict"))
	c.Requires = r.requires(s)
	s.done()
	return c
}

func onFail(word string) OnFail {
	switch word {
	case "hold":
		return Hold
	case "restrict":
		return Restrict
	default:
		return Skip
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

// requires reads consent.requires. A list may only add purposes to those that
// the provider needs.
func (r *reader) requires(s *section) consent.PurposeSet {
	words, _ := s.strs("requires")
	var set consent.PurposeSet
	for i, word := range words {
		p, err := consent.ParsePurposes([]string{word})
		if err != nil {
			r.unknownWord(s.sub("requires"), i, word, consent.AllPurposes.Names())
			continue
		}
		set |= p
	}
	return set
}

func readSensitive(s *section) Sensitive {
	return Sensitive(s.oneOf("sensitive", "", string(SensitiveHealth), string(SensitiveFinancial), string(SensitiveOther)))
}

func (r *reader) traffic(spec *section) []string {
	known := []string{"live", "test", "internal", "bot"}
	words, given := spec.strs("traffic")
	if !given {
		return []string{"live"}
	}
	for i, word := range words {
		if !slices.Contains(known, word) {
			r.unknownWord(spec.sub("traffic"), i, word, known)
		}
	}
	return words
}

func (r *reader) defaults(s *section) Defaults {
	d := Defaults{PhoneCountry: s.str("phone_country"), Currency: s.str("currency")}
	if d.PhoneCountry != "" && !countryCode.MatchString(d.PhoneCountry) {
		s.wrong("phone_country", "must be an ISO 3166-1 country code", quoted(d.PhoneCountry), "write two capital letters, such as DE")
	}
	if d.Currency != "" && !currencyCode.MatchString(d.Currency) {
		s.wrong("currency", "must be an ISO 4217 currency code", quoted(d.Currency), "write three capital letters, such as EUR")
	}
	s.done()
	return d
}

func (r *reader) dedup(s *section) DedupSpec {
	d := DedupSpec{WindowMS: s.duration("window", DefaultDedupWindowMS)}
	switch {
	case d.WindowMS < MinDedupWindowMS:
		s.wrong("window", "must be 48h or more", quoted(FormatDuration(d.WindowMS)), "write 9d, which is longer than any event waits")
	case d.WindowMS < DefaultDedupWindowMS:
		r.report(Problem{
			Path: s.sub("window"), Warning: true, Value: quoted(FormatDuration(d.WindowMS)),
			Rule: "is shorter than 9d: an event that waits or is replayed for longer than this can be sent twice",
			Fix:  "remove it unless Redis memory forces you to keep it",
		})
	}
	d.AlsoByTransaction = s.oneOf("also_by", "", "transaction_id") != ""
	s.done()
	return d
}

func (r *reader) delivery(s *section) DeliverySpec {
	d := DeliverySpec{
		RetryForMS:       s.duration("retry_for", DefaultRetryForMS),
		MinClickAgeMS:    s.duration("min_click_age", -1),
		ExactDiagnostics: s.boolean("exact_diagnostics", false),
	}
	if t := s.get("rate"); t != nil {
		rate, err := parseRate(t.text)
		if err != nil || t.shape != shapeString {
			s.wrong("rate", "must be a rate", s.shown(t), "write a number and /s, /m or /h, such as 200/s")
		}
		d.RatePerSecond = rate
	}
	if s.has("retry_for") && d.RetryForMS <= 0 {
		s.wrong("retry_for", "must be more than zero", "", "remove it for 24h")
	}
	s.done()
	return d
}

func (r *reader) objectives(s *section) Objectives {
	o := Objectives{SLAMS: s.duration("sla", 0)}
	expected := s.child("expected_per_day")
	for _, e := range expected.at.entries {
		if o.ExpectedPerDay == nil {
			o.ExpectedPerDay = map[string]int64{}
		}
		o.ExpectedPerDay[e.key] = expected.count(e.key, e.value)
	}
	s.done()
	return o
}
