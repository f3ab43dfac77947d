package meta_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	providertest.Run(t, meta.New(provider.Deps{}), providertest.Fixture{
		// Ids of leads and logins are Meta's own numbers; one in fifty of sixteen
		// digits has the form of a card number.
		OwnNumbers: []string{"Identity.LeadID", "Identity.LoginIDs[0].Value"},
		Account:    json.RawMessage(`{"dataset_id":"1234567890"}`),
		Mapping:    resource.Mapping{ProviderEvent: "Purchase"},
		Invalid: []providertest.Invalid{
			{Name: "no dataset", Account: json.RawMessage(`{}`), Path: "account.dataset_id"},
			{Name: "unknown setting", Section: json.RawMessage(`{"no_such_key":1}`), Path: "meta.no_such_key"},
		},
		RestrictedPlace: consent.NewJurisdiction("US", "CA"),
	})
}
