package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sluicehq/sluice/pkg/core/health"
	opshealth "github.com/sluicehq/sluice/pkg/ops/health"
)

// A provider that never says no proves nothing by its success: its events are
// called sent.
func TestEventsOfAProviderThatNeverSaysNoAreCalledSent(t *testing.T) {
	t.Parallel()
	page := func(blind bool) string {
		var b strings.Builder
		answer := opshealth.Answer{Reports: []health.Report{{Destination: "acme-new", Provider: "new", Blind: blind, Counts: &health.Counts{Delivered: 3}}}}
		assert.NoError(t, printHealth(&b, &answer, true, painter{}))
		return strings.Join(strings.Fields(b.String()), " ")
	}
	assert.Contains(t, page(true), "sent 3 events")
	assert.Contains(t, page(true), "nobody knows whether it took them")
	assert.NotContains(t, page(true), "delivered 3 events")
	assert.Contains(t, page(false), "delivered 3 events")
}
