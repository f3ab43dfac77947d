package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Run checks p with f. Every promise is a subtest, named by what is promised.
func Run(t *testing.T, p provider.Provider, f Fixture) {
	t.Helper()
	b := newBench(t, p, &f)
	t.Run("spec is usable", b.spec)
	t.Run("accounts are validated with paths", b.accounts)
	t.Run("unknown templates give nothing", func(t *testing.T) {
		_, ok := p.TemplateEvent("no-such-template", "transaction.purchase")
		holds(t, !ok, "a template that does not exist has a row")
		_, ok = p.TemplateEvent("commerce", "no.such.event")
		holds(t, !ok, "a template that does not exist has a row")
	})
	t.Run("the same input gives the same bytes and ids", b.deterministic)
	t.Run("nothing is kept from scratch", b.poisoned)
	t.Run("no raw identifier leaves", b.noRaw)
	t.Run("what has no place is refused", b.noPlace)
	t.Run("only allowed kinds are used", b.allowList)
	t.Run("purposes are respected", b.purposes)
	t.Run("restricted relies on nothing that was refused", b.restricted)
	t.Run("sensitive says no contents", b.sensitive)
	t.Run("unsafe ids are refused", b.unsafeIDs)
	t.Run("every string is judged", b.everyString)
	t.Run("age has limits", b.age)
	t.Run("requests hold every event", b.assemble)
	t.Run("probes deliver nothing", b.probe)
	t.Run("answers have classes", b.answers)
	t.Run("any answer has a class", b.anyAnswer)
}

func (b *bench) spec(t *testing.T) {
	s := b.p.Spec()
	equal(t, b.p.Name(), s.Name, "name")
	for _, address := range []string{s.BaseURL, s.TokenURL} {
		if address == "" {
			continue
		}
		u, err := url.Parse(address)
		noError(t, err)
		equal(t, "https", u.Scheme, "scheme of "+address)
		member(t, s.Hosts, u.Host, "an address outside the fixed hosts is never called")
	}
	holds(t, s.Title != "", "docs and chart have no title")
	if s.Blind {
		holds(t, b.f.StatusDecides && !s.Asynchronous, "who never says no has neither a body that decides nor a verdict")
		for i := range b.f.Answers {
			holds(t, len(b.f.Answers[i].Faults) == 0, "%s: who never says no names no events", b.f.Answers[i].Name)
		}
	}
	holds(t, s.RealtimeBatch > 0, "RealtimeBatch is not positive")
	holds(t, s.MaxBatch >= s.RealtimeBatch, "MaxBatch is below RealtimeBatch")
	holds(t, s.MaxBytes > 0, "MaxBytes is not positive")
	seen := map[string]bool{}
	for _, row := range s.Errors {
		holds(t, row.Meaning != "", "%s has no meaning", row.Code)
		absent(t, row.Class.String(), "?", "not a class")
		seen[row.Code+"/"+row.Subcode] = true
	}
	holds(t, len(seen) > 0, "no answer is documented")
	holds(t, b.p.Supported() != 0, "no identifier kind is supported")
	holds(t, b.p.Needs().Purposes != 0, "a provider that needs no purpose would send without consent")
	holds(t, b.p.Needs().Purposes&^consent.AllPurposes == 0, "a needed purpose does not exist")
}

func (b *bench) accounts(t *testing.T) {
	again, _ := b.p.Open(b.route.Destination)
	equal(t, b.route.Fingerprint, again.Fingerprint(), "the fingerprint, which decides whether a delivery may still be sent")
	for _, bad := range b.f.Invalid {
		t.Run(bad.Name, func(t *testing.T) {
			d := *b.route.Destination
			if bad.Account != nil {
				d.Account = bad.Account
			}
			if bad.Section != nil {
				d.Section = bad.Section
			}
			_, problems := b.p.Open(&d)
			holds(t, len(problems) > 0, "it is accepted")
			paths := make([]string, len(problems))
			for i, p := range problems {
				paths[i] = strings.TrimPrefix(p.Path, "spec.")
				holds(t, p.Rule != "", "a problem does not say what must hold")
			}
			member(t, paths, strings.TrimPrefix(bad.Path, "spec."), "path of the problem")
		})
	}
}

// pass builds what must pass.
func (b *bench) pass(t *testing.T, in *provider.Input) provider.Built {
	t.Helper()
	out := provider.Build(nil, in)
	holds(t, out.IdentifierReason == decision.ReasonNone, "refused: %s: %s", out.IdentifierReason, out.Detail)
	holds(t, out.PreflightReason == decision.ReasonNone, "rejected: %s: %s", out.PreflightReason, out.Detail)
	holds(t, json.Valid(out.Fragment), "the fragment is not JSON: %s", out.Fragment)
	holds(t, out.Fragment[0] == '{', "the fragment is not an object")
	return out
}

func (b *bench) deterministic(t *testing.T) {
	in := b.input()
	first := b.pass(t, &in)
	holds(t, first.ClaimID != "", "nothing is claimed")
	holds(t, first.ProviderID != "", "there is no id by which the provider counts")
	holds(t, strings.HasPrefix(first.DuplicateReason.String(), "duplicate."), "%s is no reason of a duplicate", first.DuplicateReason)
	for range 3 {
		again := b.input()
		again.Scratch = in.Scratch
		second := b.pass(t, &again)
		equal(t, first, second, "a second build")
	}
	other := b.input()
	prefixed := provider.Build([]byte("before"), &other)
	equal(t, "before"+string(first.Fragment), string(prefixed.Fragment), "what stands in dst before")

	in.Event.ID = "evt-2"
	in.Event.Commerce.TransactionID = "ORDER-1002"
	in.EventID, in.EventIDSource = in.Event.EffectiveID()
	differ(t, first.ClaimID, b.pass(t, &in).ClaimID, "claims of two events")
}

// poisoned overwrites the scratch after the call, as the next event will.
func (b *bench) poisoned(t *testing.T) {
	in := b.input()
	in.Scratch.Buf = bytes.Repeat([]byte{0xAA}, 4096)
	out := b.pass(t, &in)
	fragment, before := string(out.Fragment), describe(&out)
	for i := range in.Scratch.Buf[:cap(in.Scratch.Buf)] {
		in.Scratch.Buf[:cap(in.Scratch.Buf)][i] = 0xDB
	}
	equal(t, before, describe(&out), "the result after its scratch was overwritten")
	equal(t, fragment, string(out.Fragment), "the fragment after its scratch was overwritten")
}

func describe(out *provider.Built) string {
	c := *out
	c.Fragment = nil
	return fmt.Sprintf("%+v", c)
}

func (b *bench) noRaw(t *testing.T) {
	in := b.input()
	b.openAll(t, in.Route)
	out := b.pass(t, &in)
	for _, text := range []string{b.hidden(t, out.Fragment), describe(&out)} {
		text = strings.ToLower(text)
		for _, canary := range append(slices.Clone(neverInClear), "canaryproperty", "user:pw", "#frag") {
			absent(t, text, strings.ToLower(canary), "it is raw")
		}
		for _, canary := range clearOnly {
			absent(t, text, strings.ToLower(canary), "it is unhashed, and Spec.Clear does not name its member")
		}
	}
	if !b.f.NoProperties {
		holds(t, strings.Contains(string(out.Fragment), "gold"), "a property that the mapping names does not leave")
	}
}

// hidden is a payload without the members that Spec.Clear declares, by their
// key or as a pair of name and value.
func (b *bench) hidden(t *testing.T, fragment []byte) string {
	t.Helper()
	var v any
	noError(t, json.Unmarshal(fragment, &v))
	hide(v, b.p.Spec().Clear)
	text, err := json.Marshal(v)
	noError(t, err)
	return string(text)
}

func hide(v any, members []string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			hide(item, members)
		}
	case map[string]any:
		for key, value := range v {
			if name, ok := value.(string); ok && len(v) == 2 && slices.Contains(members, name) {
				clear(v) // a pair of name and value
				return
			}
			if slices.Contains(members, key) {
				delete(v, key)
				continue
			}
			hide(value, members)
		}
	}
}

func (b *bench) allowList(t *testing.T) {
	in := b.input()
	all := b.pass(t, &in)
	holds(t, len(all.Identifiers.Present) > 0, "the canary event has no identifier")
	for _, kind := range all.Identifiers.Present {
		holds(t, b.p.Supported().Has(kind), "%s is present and not supported", kind)
		in := b.input()
		in.Route.Kinds &^= 1 << kind
		out := provider.Build(nil, &in)
		holds(t, !slices.Contains(out.Identifiers.Present, kind), "%s is present although it is not allowed", kind)
		member(t, out.Identifiers.Dropped, decision.Dropped{Kind: kind, Reason: decision.DropNotAllowed}, "what was dropped")
		differ(t, string(all.Fragment), string(out.Fragment), kind.String()+" leaves although it is not allowed")
	}
	in = b.input()
	in.Route.Kinds = 0
	none := provider.Build([]byte("x"), &in)
	equal(t, decision.IdentifiersNone, none.IdentifierReason, "reason without any identifier")
	equal(t, "x", string(none.Fragment), "bytes of what failed")
	holds(t, len(none.Identifiers.Present) == 0, "identifiers are present that are not allowed")
}

func (b *bench) purposes(t *testing.T) {
	in := b.input()
	out := b.pass(t, &in)
	holds(t, out.ReliesOn&^in.Usable == 0, "the bytes rely on %s, which is not usable", out.ReliesOn&^in.Usable)
	holds(t, out.ReliesOn.Has(b.p.Needs().Purposes), "the bytes do not rely on what the provider needs")

	in = b.input()
	in.Usable = consent.AdUserData | consent.AnalyticsStorage
	in.Said = consent.State{Granted: in.Usable, Denied: consent.AdStorage | consent.AdPersonalization}
	b.openAll(t, in.Route)
	out = provider.Build(nil, &in)
	holds(t, out.ReliesOn&^in.Usable == 0, "the bytes rely on %s, which is not usable", out.ReliesOn&^in.Usable)
	for _, id := range storedIDs {
		absent(t, string(out.Fragment), id, "it needs ad_storage")
	}
}

func (b *bench) restricted(t *testing.T) {
	in := b.input()
	in.Restricted, in.Cause = true, decision.ConsentDenied
	in.Usable, in.Said = consent.AdStorage|consent.AnalyticsStorage, consent.State{Denied: consent.AdUserData | consent.AdPersonalization}
	if b.f.RestrictedPlace != (consent.Jurisdiction{}) {
		in.Place = consent.Place{Location: b.f.RestrictedPlace}
	}
	out := provider.Build(nil, &in)
	if !out.Restrictable {
		equal(t, consent.Jurisdiction{}, b.f.RestrictedPlace, "a reduced form, which the fixture promises here, is missing")
		return
	}
	holds(t, !out.ReliesOn.Has(consent.AdUserData), "the reduced form relies on what was refused")
	holds(t, out.ReliesOn&^in.Usable == 0, "the bytes rely on %s, which is not usable", out.ReliesOn&^in.Usable)
	if len(out.Fragment) > 0 {
		holds(t, json.Valid(out.Fragment), "the fragment is not JSON")
	}
	whole := b.input()
	differ(t, string(b.pass(t, &whole).Fragment), string(out.Fragment), "the reduced form and the whole")
}

func (b *bench) sensitive(t *testing.T) {
	in := b.input()
	in.Sensitive = true
	b.openAll(t, in.Route)
	out := b.pass(t, &in)
	for _, text := range sensitiveText {
		absent(t, string(out.Fragment), text, "the destination is sensitive")
	}
}

func (b *bench) unsafeIDs(t *testing.T) {
	for _, id := range []string{"jane@shop.example", "jane%40shop.example", "+49 30 901820", "4111111111111111", "lead-+4915123456789", "+4915123456789_1700000000", "4111111111111111-1",
		"cc:4111111111111111", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "DE89370400440532013000"} {
		in := b.input()
		in.Event.ID = id
		in.EventID = id
		out := provider.Build(nil, &in)
		equal(t, decision.IdentifiersUnsafeID, out.IdentifierReason, "reason for an unsafe id")
		holds(t, len(out.Fragment) == 0, "bytes of an event that was refused")
		absent(t, out.Detail, id, "details name fields, never values")

		in = b.input()
		in.Event.Commerce.TransactionID = id
		out = provider.Build(nil, &in)
		equal(t, decision.IdentifiersUnsafeID, out.IdentifierReason, "reason for an unsafe id")
	}
}

func (b *bench) age(t *testing.T) {
	in := b.input()
	out := b.pass(t, &in)
	holds(t, out.NotAfter > in.Event.Time, "there is no age limit")
	holds(t, out.FutureTolerance > 0, "events of any future are taken")
	holds(t, out.NotBefore <= out.NotAfter, "the event waits beyond its end")
	equal(t, b.f.ResendUnsafe, out.ResendUnsafe, "whether a second copy would count")
}

func (b *bench) assemble(t *testing.T) {
	var fragments [][]byte
	var group string
	for range min(3, b.p.Spec().MaxBatch) {
		in := b.input()
		out := b.pass(t, &in)
		fragments, group = append(fragments, out.Fragment), out.Group
	}
	secret := identity.NewRaw("canarysecret")
	batch := provider.Batch{Endpoint: &b.at, Group: group, Fragments: fragments, Authorization: b.authorize(t), Now: Now}
	batch.Authorization.Header = append(batch.Authorization.Header, provider.SecretHeader{Name: "Authorization", Value: secret})
	r := b.at.Account.Assemble(nil, &batch)
	holds(t, json.Valid(r.Body), "the body is not JSON: %s", r.Body)
	equal(t, len(fragments), bytes.Count(r.Body, fragments[0]), "fragments that stand in the body as they were built")
	equal(t, "POST", r.Method, "method")
	u, err := url.Parse(r.URL)
	noError(t, err)
	member(t, b.p.Spec().Hosts, u.Host, "host of the request")
	absent(t, string(r.Body)+r.URL+fmt.Sprint(r.Header), "canarysecret", "credentials are added by the sender")
	again := b.at.Account.Assemble(nil, &batch)
	equal(t, r, again, "the same request a second time")
	batch.Now += 3600_000
	later := b.at.Account.Assemble(nil, &batch)
	equal(t, string(r.Body), string(later.Body), "the body an hour later: a repeat is byte-identical")
	equal(t, r.URL, later.URL, "the address an hour later")
	for _, key := range batch.Authorization.Signing {
		absent(t, string(r.Body)+r.URL+fmt.Sprint(r.Header), key.Reveal(), "keys sign and are never sent")
	}
	batch.ValidateOnly = true
	holds(t, json.Valid(b.at.Account.Assemble(nil, &batch).Body), "a validate-only body is not JSON")
}

// authorize gives what requests are assembled with.
func (b *bench) authorize(t *testing.T) provider.Authorization {
	t.Helper()
	if b.f.Secret == "" {
		return provider.Authorization{}
	}
	for _, bad := range []string{"", "canarysecret", "{}", `{"canarysecret":1}`} {
		_, err := b.p.Authorize(t.Context(), nil, &b.at, identity.NewRaw(bad))
		holds(t, err != nil, "a secret of another form is taken")
		absent(t, err.Error(), "canarysecret", "errors never hold a secret")
	}
	a, err := b.p.Authorize(t.Context(), nil, &b.at, identity.NewRaw(b.f.Secret))
	noError(t, err)
	if !a.Renewed.IsZero() { // it must do what the old one did
		_, err := b.p.Authorize(t.Context(), nil, &b.at, a.Renewed)
		noError(t, err)
	}
	return a
}

func (b *bench) probe(t *testing.T) {
	r, ok := b.at.Account.Probe(nil, &b.at)
	if !ok {
		return
	}
	u, err := url.Parse(r.URL)
	noError(t, err)
	member(t, b.p.Spec().Hosts, u.Host, "host of the request")
	if len(r.Body) > 0 {
		holds(t, json.Valid(r.Body), "the body is not JSON")
	}
}
