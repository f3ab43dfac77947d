package resource_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

func TestSet(t *testing.T) {
	t.Parallel()
	r := load(t, everything(t))
	set, problems := resource.Compile(r, fakeProviders())
	require.Empty(t, problems)

	routes := set.Match("acme", "transaction.purchase")
	require.Len(t, routes, 2)
	meta := routes[1]
	require.Equal(t, "acme-meta", meta.Destination.ID)
	require.Equal(t, "meta:1234567890", meta.Fingerprint)
	require.Equal(t, "purchase", meta.Key)
	require.Equal(t, "acme", meta.Policy.ID)
	require.Equal(t, consent.Needs{Purposes: consent.AdUserData | consent.AdStorage, Sensitive: true}, meta.Needs)
	require.Equal(t, decision.Kinds(decision.KindEmail, decision.KindPhone, decision.KindClickID), meta.Kinds)
	require.NotNil(t, meta.Program)
	require.EqualValues(t, 755, routes[0].Needs.TCFVendor)
	require.Equal(t, "default", routes[0].Policy.ID)

	require.Empty(t, set.Match("other", "transaction.purchase"), "a mapping applies to its destination's customer only")
	require.Empty(t, set.Match("acme", "page.viewed"))
	disabled := set.Match("acme", "transaction.refunded")
	require.Len(t, disabled, 1, "a gate decides mapping.disabled")
	require.False(t, disabled[0].Mapping.Enabled)

	route, ok := set.Route("acme-google", "acme-google-refund")
	require.True(t, ok)
	require.Same(t, disabled[0], route)
	_, ok = set.Route("acme-meta", "acme-google-refund")
	require.False(t, ok)
	endpoint, ok := set.Destination("acme-google")
	require.True(t, ok)
	require.Equal(t, "google:1234567890", endpoint.Fingerprint)
	require.Len(t, set.Destinations(), 2)
	require.Len(t, set.Routes(), len(r.Mappings))

	again, _ := resource.Compile(load(t, everything(t)), fakeProviders())
	require.Equal(t, set.Version(), again.Version())
	var none *resource.Set
	require.Empty(t, none.Match("acme", "x"))
	require.Empty(t, none.Version())
}

func TestMatchAllocatesNothing(t *testing.T) {
	set, _ := resource.Compile(load(t, everything(t)), fakeProviders())
	customer, name := string([]byte("acme")), string([]byte("transaction.purchase"))
	n := 0
	require.Zero(t, testing.AllocsPerRun(1000, func() { n += len(set.Match(customer, name)) + len(set.Match(name, customer)) }))
	require.NotZero(t, n)
}

const smallDestination = `
apiVersion: sluice/v1
kind: Destination
metadata: {name: d, customer: acme}
spec: {provider: meta, active: true, account: {dataset_id: "1"}}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: m}
spec: {destination: d, event: e, provider_event: E}
`

// TestCompileKeepsNeighbours: records that do not fit together make their own
// routes invalid and nothing else.
func TestCompileKeepsNeighbours(t *testing.T) {
	t.Parallel()
	r := load(t, smallDestination)
	good := r.Mappings[0]
	with := func(name string, change func(*resource.Mapping)) *resource.Mapping {
		m := *good
		m.Name, m.Hash = name, ""
		change(&m)
		return &m
	}
	r.Mappings = append(r.Mappings,
		with("n-same-target", func(*resource.Mapping) {}),
		with("o-other-target", func(m *resource.Mapping) { m.ProviderEvent = "F" }),
		with("p-bad-expression", func(m *resource.Mapping) { m.ProviderEvent, m.When = "G", "nonsense" }),
		with("q-no-destination", func(m *resource.Mapping) { m.DestinationID = "gone" }),
		with("r-template", func(m *resource.Mapping) { m.FromTemplate = "commerce" }),
	)
	r.Destinations = append(r.Destinations, &resource.Destination{ID: "bad", Customer: "acme", Provider: "meta", Account: []byte("{}"), Consent: resource.ConsentSpec{Policy: "none"}})
	r.Mappings = append(r.Mappings, with("on-bad", func(m *resource.Mapping) { m.DestinationID = "bad" }))
	set, problems := resource.Compile(r, fakeProviders())
	invalid := map[string]string{}
	for _, route := range set.Match("acme", "e") {
		invalid[route.Mapping.Name] = route.Invalid
		require.NotNil(t, route.Policy)
	}
	require.Equal(t, map[string]string{
		"m": "", "o-other-target": "",
		"n-same-target":    "spec.provider_event must not send e to the same target of d as mapping m",
		"p-bad-expression": "spec.when must be a valid CEL expression: undeclared reference to 'nonsense' at character 1",
		"on-bad":           "spec.consent.policy must name a policy that exists",
	}, invalid, "the template row is replaced, the one without destination matches nobody")
	var about []string
	for _, p := range problems {
		about = append(about, p.Resource)
	}
	slices.Sort(about)
	require.Equal(t, []string{"Destination/bad", "Destination/bad", "Mapping/n-same-target", "Mapping/p-bad-expression", "Mapping/q-no-destination"}, about)
	_, ok := set.Route("gone", "q-no-destination")
	require.False(t, ok)
}

func TestBuilder(t *testing.T) {
	t.Parallel()
	r := load(t, smallDestination)
	d, m := r.Destinations[0], r.Mappings[0]
	b := resource.NewBuilder(fakeProviders())
	set, problems := b.Build()
	require.Empty(t, problems)
	require.Empty(t, set.Match("acme", "e"))
	_, ok := set.Policy("default")
	require.True(t, ok)

	b.PutMapping("d/m", m, 1)
	set, problems = b.Build()
	require.Len(t, problems, 1, "no destination yet")
	require.Empty(t, set.Match("acme", "e"))

	b.PutDestination("d", d, 1)
	first, problems := b.Build()
	require.Empty(t, problems)
	require.Empty(t, first.Match("acme", "e")[0].Invalid)

	// Bad records replace nothing and are reported until a good one comes.
	broken := *d
	broken.Account, broken.Customer, broken.Hash = []byte("{}"), "evil", ""
	b.PutDestination("d", &broken, 2)
	wrong := *m
	wrong.When, wrong.Hash = "1 +", ""
	b.PutMapping("d/m", &wrong, 3)
	b.Reject(resource.KindPolicy, "p", 4, errors.New("not Avro"))
	b.PutMapping("elsewhere", m, 5)
	kept, problems := b.Build()
	require.Equal(t, first.Version(), kept.Version())
	require.Empty(t, kept.Match("acme", "e")[0].Invalid)
	require.Len(t, problems, 4)
	require.Contains(t, problems[0].Rule, "(record at offset 2)")
	require.Same(t, first.Match("acme", "e")[0].Program, kept.Match("acme", "e")[0].Program)

	b.PutDestination("d", d, 7)
	b.PutMapping("d/m", m, 8)
	b.Delete(resource.KindPolicy, "p")
	b.Delete(resource.KindMapping, "elsewhere")
	_, problems = b.Build()
	require.Empty(t, problems)

	b.Delete(resource.KindMapping, "d/m")
	set, _ = b.Build()
	require.Empty(t, set.Match("acme", "e"))
	require.Len(t, first.Match("acme", "e"), 1, "sets never change")

	// Without an earlier good one, a bad destination stays as an invalid one.
	fresh := resource.NewBuilder(fakeProviders())
	fresh.PutDestination("d", &broken, 1)
	fresh.PutMapping("d/m", m, 1)
	set, problems = fresh.Build()
	require.NotEmpty(t, set.Match("evil", "e")[0].Invalid)
	require.NotEmpty(t, problems)
}

// A record that was never readable is neither gone, which would end what is
// queued, nor replaced by something weaker.
func TestUnreadRecordsFailClosed(t *testing.T) {
	t.Parallel()
	r := load(t, smallDestination)
	d, m := r.Destinations[0], r.Mappings[0]
	bad := errors.New("not Avro")

	t.Run("the default policy", func(t *testing.T) {
		t.Parallel()
		b := resource.NewBuilder(fakeProviders())
		b.PutDestination("d", d, 1)
		b.PutMapping("d/m", m, 1)
		b.Reject(resource.KindPolicy, "default", 1, bad)
		set, _ := b.Build()
		_, ok := set.Policy("default")
		require.False(t, ok, "the embedded one must not stand in for one that says something else")
		require.NotEmpty(t, set.Match("acme", "e")[0].Invalid)

		b.PutPolicy("default", resource.EmbeddedPolicy(), 2)
		set, problems := b.Build()
		require.Empty(t, problems)
		require.Empty(t, set.Match("acme", "e")[0].Invalid)
		b.Reject(resource.KindPolicy, "default", 3, bad)
		set, _ = b.Build()
		require.Empty(t, set.Match("acme", "e")[0].Invalid, "the last good one stays")
	})
	t.Run("a destination", func(t *testing.T) {
		t.Parallel()
		b := resource.NewBuilder(fakeProviders())
		b.PutMapping("d/m", m, 1)
		b.Reject(resource.KindDestination, "d", 1, bad)
		set, _ := b.Build()
		route, ok := set.Route("d", "m")
		require.True(t, ok, "it is not gone")
		require.NotEmpty(t, route.Invalid)
		require.True(t, route.Destination.Active && route.Mapping.Enabled, "nobody switched it off")
	})
	t.Run("a mapping", func(t *testing.T) {
		t.Parallel()
		b := resource.NewBuilder(fakeProviders())
		b.PutDestination("d", d, 1)
		b.Reject(resource.KindMapping, "d/m", 1, bad)
		set, _ := b.Build()
		route, ok := set.Route("d", "m")
		require.True(t, ok, "it is not gone")
		require.NotEmpty(t, route.Invalid)
		require.Empty(t, set.Match("acme", "e"))
		b.Delete(resource.KindMapping, "d/m")
		set, _ = b.Build()
		_, ok = set.Route("d", "m")
		require.False(t, ok)
	})
}
