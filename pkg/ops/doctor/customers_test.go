package doctor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

// TestWhatCustomersShareIsListed: what the configuration permits, and secrets
// where nothing says whose they are.
func TestWhatCustomersShareIsListed(t *testing.T) {
	t.Parallel()
	deps := bare()
	deps.Resources = resource.Installation{Providers: all.ForResources(deps.Providers)}
	meta := func(customer string) *resource.Destination {
		return &resource.Destination{
			ID: customer + "-meta", Customer: customer, Provider: "meta", Secret: "file:agency.json",
			Account: []byte(`{"dataset_id":"1234567890"}`), Consent: resource.ConsentSpec{Policy: resource.DefaultPolicy},
		}
	}
	look := func(c resource.Customers) []Finding {
		deps.Resources.Customers = c
		set, _ := resource.Compile(&resource.Resources{Destinations: []*resource.Destination{meta("acme"), meta("globex")}}, deps.Resources)
		d := &visit{deps: &deps}
		d.shared(set)
		return d.findings
	}
	both := []string{"acme", "globex"}
	found := look(resource.Customers{Shared: []resource.SharedThing{{Secret: "file:agency.json", Customers: both}, {Account: "meta:1234567890", Customers: both}}})
	require.Equal(t, []Finding{
		{Area: "customers", Level: Fine, Detail: "secret file:agency.json is one of acme, globex (acme-meta, globex-meta), as customers.shared permits"},
		{Area: "customers", Level: Fine, Detail: "account meta:1234567890 is one of acme, globex (acme-meta, globex-meta), as customers.shared permits"},
	}, found)
	found = look(resource.Customers{Secrets: resource.SecretsAny})
	require.Len(t, found, 1, "the account is among the problems of what is applied")
	require.Equal(t, Warning, found[0].Level)
	require.Contains(t, found[0].Detail, "secret file:agency.json is one of acme, globex")
	require.Empty(t, look(resource.Customers{}), "both are among the problems of what is applied")
}
