//go:build realservices

package codec_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/schemas"
	"github.com/sluicehq/sluice/test/place"
)

// TestARealRegistryTakesOurHistoryAndNoBreak registers every committed version
// of every schema under FULL_TRANSITIVE, oldest first, and then changes that
// would break readers. The embedded registry calls everything compatible, so
// this proves something only on a real one.
func TestARealRegistryTakesOurHistoryAndNoBreak(t *testing.T) {
	t.Parallel()
	services := place.Open(t, embedded.Config{})
	client, err := sr.NewClient(sr.URLs(services.RegistryURL()), sr.HTTPClient(services.HTTPClient()))
	require.NoError(t, err)
	registry := codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: time.Now})
	for _, name := range schemas.Names() {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			topic := services.Name("sluice." + string(name))
			subject := codec.Subject(topic)
			versions, err := schemas.History(name)
			require.NoError(t, err)
			for i, v := range versions {
				_, err := client.CreateSchema(t.Context(), subject, sr.Schema{Schema: v.Text})
				require.NoError(t, err, "version %d", v.Number)
				if i == 0 {
					for _, set := range client.SetCompatibility(t.Context(), sr.SetCompatibility{Level: sr.CompatFullTransitive}, subject) {
						require.NoError(t, set.Err)
					}
				}
			}
			id, err := registry.Register(t.Context(), topic, name)
			require.NoError(t, err, "what stands in the tree is what was committed")
			again, err := registry.Lookup(t.Context(), topic, name)
			require.NoError(t, err)
			require.Equal(t, id, again)

			text, err := schemas.Text(name)
			require.NoError(t, err)
			broken := strings.Replace(text, `"fields": [`, `"fields": [{"name": "needed", "type": "string"},`, 1)
			require.NotEqual(t, text, broken)
			_, err = client.CreateSchema(t.Context(), subject, sr.Schema{Schema: broken})
			var refused *sr.ResponseError
			require.ErrorAs(t, err, &refused, "a field without a default breaks whoever reads older records")
			require.Equal(t, http.StatusConflict, refused.StatusCode)
		})
	}
}
