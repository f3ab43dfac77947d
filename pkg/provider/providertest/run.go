package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/resource"
)

// Run checks p with f. Every promise is a subtest, named by what is promised.
func Run(t *testing.T, p provider.Provider, f Fixture) {
	t.Helper()
	b := newBench(t, p, &f)
	t.Run("spec is usable", b.spec)
	t.Run("accounts are validated with paths", b.accounts)
	t.Run("unknown templates give nothing", func(t *testing.T) {
		_, ok := p.TemplateEvent("no-such-template", "transaction.purchase")
		require.False(t, ok)
		_, ok = p.TemplateEvent("commerce", "no.such.event")
		require.False(t, ok)
	})
	t.Run("the same input gives the same bytes and ids", b.deterministic)
	t.Run("nothing is kept from scratch", b.poisoned)
	t.Run("no raw identifier leaves", b.noRaw)
	t.Run("only allowed kinds are used", b.allowList)
	t.Run("purposes are respected", b.purposes)
	t.Run("restricted relies on nothing that was refused", b.restricted)
	t.Run("sensitive says no contents", b.sensitive)
	t.Run("unsafe ids are refused", b.unsafeIDs)
	t.Run("age has limits", b.age)
	t.Run("requests hold every event", b.assemble)
	t.Run("probes deliver nothing", b.probe)
	t.Run("answers have classes", b.answers)
	t.Run("any answer has a class", b.anyAnswer)
}

func (b *bench) spec(t *testing.T) {
	s := b.p.Spec()
	require.Equal(t, b.p.Name(), s.Name)
	for _, address := range []string{s.BaseURL, s.TokenURL} {
		if address == "" {
			continue
		}
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.Equal(t, "https", u.Scheme)
		require.Contains(t, s.Hosts, u.Host, "an address outside the fixed hosts is never called")
	}
	require.Positive(t, s.RealtimeBatch)
	require.GreaterOrEqual(t, s.MaxBatch, s.RealtimeBatch)
	require.Positive(t, s.MaxBytes)
	seen := map[string]bool{}
	for _, row := range s.Errors {
		require.NotEmpty(t, row.Meaning, row.Code)
		require.NotContains(t, row.Class.String(), "?")
		seen[row.Code+"/"+row.Subcode] = true
	}
	require.NotEmpty(t, seen, "answers are documented")
	require.NotZero(t, b.p.Supported())
	require.NotZero(t, b.p.Needs(), "a provider that needs no purpose would send without consent")
	require.Zero(t, b.p.Needs()&^consent.AllPurposes)
}

func (b *bench) accounts(t *testing.T) {
	_, again, _ := b.p.CompileDestination(b.route.Destination)
	require.Equal(t, b.route.Account, again, "the fingerprint decides whether a delivery may still be sent")
	for _, bad := range b.f.Invalid {
		t.Run(bad.Name, func(t *testing.T) {
			d := *b.route.Destination
			if bad.Account != nil {
				d.Account = bad.Account
			}
			if bad.Section != nil {
				d.Section = bad.Section
			}
			_, _, problems := b.p.CompileDestination(&d)
			require.NotEmpty(t, problems)
			paths := make([]string, len(problems))
			for i, p := range problems {
				paths[i] = strings.TrimPrefix(p.Path, "spec.")
				require.NotEmpty(t, p.Rule, "a problem says what must hold")
			}
			require.Contains(t, paths, strings.TrimPrefix(bad.Path, "spec."))
		})
	}
}

// pass builds what must pass.
func (b *bench) pass(t *testing.T, in *provider.Input) provider.Built {
	t.Helper()
	out := b.p.Build(nil, in)
	require.Equal(t, decision.ReasonNone, out.IdentifierReason, "%s: %s", out.IdentifierReason, out.Detail)
	require.Equal(t, decision.ReasonNone, out.PreflightReason, "%s: %s", out.PreflightReason, out.Detail)
	require.True(t, json.Valid(out.Fragment), "the fragment is JSON: %s", out.Fragment)
	require.Equal(t, byte('{'), out.Fragment[0], "the fragment is one object")
	return out
}

func (b *bench) deterministic(t *testing.T) {
	in := b.input()
	first := b.pass(t, &in)
	require.NotEmpty(t, first.ClaimID)
	require.NotEmpty(t, first.ProviderID)
	require.True(t, strings.HasPrefix(first.DuplicateReason.String(), "duplicate."), first.DuplicateReason)
	for range 3 {
		again := b.input()
		again.Scratch = in.Scratch
		second := b.pass(t, &again)
		require.Equal(t, first, second)
	}
	other := b.input()
	prefixed := b.p.Build([]byte("before"), &other)
	require.Equal(t, "before"+string(first.Fragment), string(prefixed.Fragment), "what stands in dst stays")

	in.Event.ID = "evt-2"
	in.Event.Commerce.TransactionID = "ORDER-1002"
	in.EventID, in.EventIDSource = in.Event.EffectiveID()
	require.NotEqual(t, first.ClaimID, b.pass(t, &in).ClaimID, "another event is another claim")
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
	require.Equal(t, before, describe(&out))
	require.Equal(t, fragment, string(out.Fragment))
}

func describe(out *provider.Built) string {
	c := *out
	c.Fragment = nil
	return fmt.Sprintf("%+v", c)
}

func (b *bench) noRaw(t *testing.T) {
	in := b.input()
	in.Route.Mapping = withAll(in.Route.Mapping)
	out := b.pass(t, &in)
	for _, text := range []string{string(out.Fragment), describe(&out)} {
		text = strings.ToLower(text)
		for _, canary := range append(slices.Clone(neverInClear), "canaryproperty", "user:pw", "#frag") {
			require.NotContains(t, text, strings.ToLower(canary))
		}
	}
	require.Contains(t, string(out.Fragment), "gold", "a property that the mapping names leaves")
}

// withAll is a mapping that lets everything leave that can.
func withAll(m *resource.Mapping) *resource.Mapping {
	c := *m
	c.Properties = []string{"plan"}
	c.Include = map[string]bool{
		"item_names": true, "item_brands": true, "item_categories": true, "coupons": true, "search_term": true, "page_title": true,
	}
	return &c
}

func (b *bench) allowList(t *testing.T) {
	in := b.input()
	all := b.pass(t, &in)
	require.NotEmpty(t, all.Identifiers.Present)
	for _, kind := range all.Identifiers.Present {
		require.True(t, b.p.Supported().Has(kind), "%s is present and not supported", kind)
		in := b.input()
		in.Route.Kinds &^= 1 << kind
		out := b.p.Build(nil, &in)
		require.NotContains(t, out.Identifiers.Present, kind)
		require.Contains(t, out.Identifiers.Dropped, decision.Dropped{Kind: kind, Reason: decision.DropNotAllowed})
		require.NotEqual(t, string(all.Fragment), string(out.Fragment), "%s leaves although it is not allowed", kind)
	}
	in = b.input()
	in.Route.Kinds = 0
	none := b.p.Build([]byte("x"), &in)
	require.Equal(t, decision.IdentifiersNone, none.IdentifierReason)
	require.Equal(t, "x", string(none.Fragment), "what fails leaves no bytes behind")
	require.Empty(t, none.Identifiers.Present)
}

func (b *bench) purposes(t *testing.T) {
	in := b.input()
	out := b.pass(t, &in)
	require.Zero(t, out.ReliesOn&^in.Usable, "bytes cannot rely on what was not usable")
	require.True(t, out.ReliesOn.Has(b.p.Needs()))

	in = b.input()
	in.Usable = consent.AdUserData | consent.AnalyticsStorage
	in.Said = consent.State{Granted: in.Usable, Denied: consent.AdStorage | consent.AdPersonalization}
	in.Route.Mapping = withAll(in.Route.Mapping)
	out = b.p.Build(nil, &in)
	require.Zero(t, out.ReliesOn&^in.Usable)
	for _, id := range storedIDs {
		require.NotContains(t, string(out.Fragment), id, "needs ad_storage")
	}
}

func (b *bench) restricted(t *testing.T) {
	in := b.input()
	in.Restricted, in.Cause = true, decision.ConsentDenied
	in.Usable, in.Said = consent.AdStorage|consent.AnalyticsStorage, consent.State{Denied: consent.AdUserData | consent.AdPersonalization}
	if b.f.RestrictedPlace != (consent.Jurisdiction{}) {
		in.Place = consent.Place{Location: b.f.RestrictedPlace}
	}
	out := b.p.Build(nil, &in)
	if !out.Restrictable {
		require.Equal(t, consent.Jurisdiction{}, b.f.RestrictedPlace, "the fixture says that there is a reduced form here")
		return
	}
	require.False(t, out.ReliesOn.Has(consent.AdUserData))
	require.Zero(t, out.ReliesOn&^in.Usable)
	if len(out.Fragment) > 0 {
		require.True(t, json.Valid(out.Fragment))
	}
	whole := b.input()
	require.NotEqual(t, string(b.pass(t, &whole).Fragment), string(out.Fragment), "the reduced form differs")
}

func (b *bench) sensitive(t *testing.T) {
	in := b.input()
	in.Sensitive = true
	in.Route.Mapping = withAll(in.Route.Mapping)
	out := b.pass(t, &in)
	for _, text := range sensitiveText {
		require.NotContains(t, string(out.Fragment), text)
	}
}

func (b *bench) unsafeIDs(t *testing.T) {
	for _, id := range []string{"jane@shop.example", "jane%40shop.example", "+49 30 901820", "4111111111111111"} {
		in := b.input()
		in.Event.ID = id
		in.EventID = id
		out := b.p.Build(nil, &in)
		require.Equal(t, decision.IdentifiersUnsafeID, out.IdentifierReason)
		require.Empty(t, out.Fragment)
		require.NotContains(t, out.Detail, id)

		in = b.input()
		in.Event.Commerce.TransactionID = id
		out = b.p.Build(nil, &in)
		require.Equal(t, decision.IdentifiersUnsafeID, out.IdentifierReason)
	}
}

func (b *bench) age(t *testing.T) {
	in := b.input()
	out := b.pass(t, &in)
	require.Greater(t, out.NotAfter, in.Event.Time, "every provider has a limit")
	require.Positive(t, out.FutureTolerance)
	require.LessOrEqual(t, out.NotBefore, out.NotAfter)
}

func (b *bench) assemble(t *testing.T) {
	var fragments [][]byte
	var group string
	for range 3 {
		in := b.input()
		out := b.pass(t, &in)
		fragments, group = append(fragments, out.Fragment), out.Group
	}
	secret := identity.NewRaw("canarysecret")
	batch := provider.Batch{
		Target: &b.target, Group: group, Fragments: fragments,
		Authorization: provider.Authorization{Header: []provider.SecretHeader{{Name: "Authorization", Value: secret}}},
	}
	r := b.p.Assemble(nil, &batch)
	require.True(t, json.Valid(r.Body), string(r.Body))
	require.Equal(t, 3, bytes.Count(r.Body, fragments[0]), "every fragment stands in the body as it was built")
	require.Equal(t, "POST", r.Method)
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	require.Contains(t, b.p.Spec().Hosts, u.Host)
	require.NotContains(t, string(r.Body)+r.URL+fmt.Sprint(r.Header), "canarysecret", "credentials are added by the sender")
	again := b.p.Assemble(nil, &batch)
	require.Equal(t, r, again)
	batch.ValidateOnly = true
	require.True(t, json.Valid(b.p.Assemble(nil, &batch).Body))
}

func (b *bench) probe(t *testing.T) {
	r, ok := b.p.Probe(nil, &b.target)
	if !ok {
		return
	}
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	require.Contains(t, b.p.Spec().Hosts, u.Host)
	if len(r.Body) > 0 {
		require.True(t, json.Valid(r.Body))
	}
}
