package resource_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// oneDestination is a destination of a customer, as a record that no file was
// checked for.
func oneDestination(id, customer, secret, dataset string) *resource.Destination {
	return &resource.Destination{
		ID: id, Customer: customer, Provider: "meta", Active: true, Secret: secret, Consent: resource.ConsentSpec{Policy: resource.DefaultPolicy},
		Account: fmt.Appendf(nil, `{"dataset_id":%q}`, dataset),
	}
}

func compiled(c resource.Customers, destinations ...*resource.Destination) (*resource.Set, []resource.Problem) {
	in := fakeProviders()
	in.Customers = c
	return resource.Compile(&resource.Resources{Destinations: destinations}, in)
}

// TestSecretsBelongToCustomers: however a destination came into its topic, one
// that names another customer's secret is invalid, so that nothing is sent with
// it, and says what to write instead.
func TestSecretsBelongToCustomers(t *testing.T) {
	t.Parallel()
	agency := []resource.SharedThing{{Secret: "file:agency.json", Customers: []string{"acme", "globex"}}}
	for _, c := range []struct {
		customer, secret string
		customers        resource.Customers
		fix              string // empty: it is the customer's own
	}{
		{customer: "acme", secret: "file:acme-meta.json"},
		{customer: "acme", secret: "file:acme/meta-2026.json"},
		{customer: "acme", secret: "file:acme/eu/meta.json"},
		{customer: "acme-eu", secret: "file:acme-eu-meta.json"},
		{customer: "shop.example", secret: "file:shop.example-meta.json"},
		{customer: "acme", secret: "env:ACME__META"},
		{customer: "acme-eu", secret: "env:ACME_EU__META"},
		{customer: "mallory", secret: "file:acme-meta.json", fix: "file:mallory-acme_meta.json"},
		{customer: "mallory", secret: "file:acme/meta.json", fix: "file:mallory-meta.json"},
		{customer: "mallory", secret: "file:mallory/../acme/meta.json", fix: "file:mallory-meta.json"},
		{customer: "mallory", secret: "file:mallory/..", fix: "rename"},
		{customer: "mallory", secret: "env:ACME__META", fix: "env:MALLORY__ACME_META"},
		{customer: "acme", secret: "file:meta.json", fix: "file:acme-meta.json"},
		{customer: "acme", secret: "env:META_TOKEN", fix: "env:ACME__META_TOKEN"},
		{customer: "acme", secret: "env:ACME_META", fix: "env:ACME__META"},
		// A customer whose name begins like another's must not reach its secrets.
		{customer: "acme", secret: "file:acme-eu-meta.json", fix: "file:acme-eu_meta.json"},
		{customer: "acme", secret: "env:ACME__EU__META", fix: "env:ACME__EU_META"},
		// Customers that would share a variable have none.
		{customer: "Acme", secret: "env:ACME__META", fix: "file:Acme-"},
		{customer: "acme.eu", secret: "env:ACME_EU__META", fix: "file:acme.eu-"},
		{customer: "acme", secret: "acme-meta.json", fix: "rename"},
		// What an installation chooses.
		{customer: "acme", secret: "file:acme/meta.json", customers: resource.Customers{Secrets: resource.SecretsFolder}},
		{customer: "acme", secret: "file:acme-meta.json", customers: resource.Customers{Secrets: resource.SecretsFolder}, fix: "file:acme/meta.json"},
		{customer: "acme", secret: "file:acme-meta.json", customers: resource.Customers{Secrets: resource.SecretsPrefix}},
		{customer: "acme", secret: "file:acme/meta.json", customers: resource.Customers{Secrets: resource.SecretsPrefix}, fix: "file:acme-meta.json"},
		{customer: "mallory", secret: "file:acme-meta.json", customers: resource.Customers{Secrets: resource.SecretsAny}},
		{customer: "globex", secret: "file:agency.json", customers: resource.Customers{Shared: agency}},
		{customer: "mallory", secret: "file:agency.json", customers: resource.Customers{Shared: agency}, fix: "customers.shared"},
	} {
		set, problems := compiled(c.customers, oneDestination("d", c.customer, c.secret, "1"))
		at, _ := set.Destination("d")
		if c.fix == "" {
			require.Empty(t, at.Invalid, "%s %s", c.customer, c.secret)
			require.Empty(t, problems)
			continue
		}
		require.Contains(t, at.Invalid, "must be a secret of customer "+c.customer, c.secret)
		require.Len(t, problems, 1)
		require.Contains(t, problems[0].Fix, c.fix, c.secret)
	}
	_, problems := compiled(resource.Customers{}, oneDestination("d", "acme", "EAAGm0-a-pasted-token", "1"))
	require.NotContains(t, problems[0].String(), "EAAG", "it may be the secret itself")
}

// TestOneAccountAtTwoCustomers is refused where it is applied, at every
// destination that has it, unless the configuration names it; what runs goes on.
func TestOneAccountAtTwoCustomers(t *testing.T) {
	t.Parallel()
	all := []*resource.Destination{
		oneDestination("acme-meta", "acme", "file:acme-a.json", "77"), oneDestination("acme-old", "acme", "file:acme-a.json", "77"),
		oneDestination("mallory-meta", "mallory", "file:mallory-a.json", "77"), oneDestination("globex-meta", "globex", "file:globex-a.json", "88"),
	}
	set, problems := compiled(resource.Customers{}, all...)
	require.Len(t, problems, 3)
	for _, p := range problems {
		require.False(t, p.Warning)
		require.Equal(t, "spec.account", p.Path)
		require.Contains(t, p.Rule, "acme, mallory (acme-meta, acme-old, mallory-meta)")
		require.Contains(t, p.Fix, `account: "meta:77", customers: [acme, mallory]`)
	}
	require.Len(t, resource.Customers{}.SharedUses(set), 1, "two destinations of one customer share nothing")
	for _, at := range set.Destinations() {
		require.Empty(t, at.Invalid, "one record must not stop another customer")
	}

	permitted := resource.Customers{Shared: []resource.SharedThing{{Account: "meta:77", Customers: []string{"acme", "mallory"}}}}
	set, problems = compiled(permitted, all...)
	require.Empty(t, problems)
	require.True(t, permitted.SharedUses(set)[0].Permitted)
	third := oneDestination("third", "initech", "file:initech-a.json", "77")
	_, problems = compiled(permitted, append(all, third)...)
	require.Len(t, problems, 4, "a customer that is not named is not permitted")
}
