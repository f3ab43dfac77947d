package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPanelsThatAreEmptyInHealthSayWhy: queries that find something only when
// something of that kind happened must not read "No data", as a broken one does.
func TestPanelsThatAreEmptyInHealthSayWhy(t *testing.T) {
	t.Parallel()
	empty := map[string]bool{
		"Cannot be read with certainty": true, "Revoked before sending": true, "Held": true, "What became of held events": true,
		"Blocked or waiting": true, "Moved to a waiting place": true, "Codes": true, "Verdicts asked for": true, "What needs a person": true,
	}
	seen := 0
	for _, d := range dashboards() {
		text, err := d.render("")
		require.NoError(t, err)
		var made struct {
			Panels []struct {
				Title       string
				FieldConfig struct{ Defaults struct{ NoValue string } }
			}
		}
		require.NoError(t, json.Unmarshal(text, &made))
		for _, p := range made.Panels {
			if empty[p.Title] {
				seen++
				assert.NotEmpty(t, p.FieldConfig.Defaults.NoValue, p.Title)
			} else {
				assert.Empty(t, p.FieldConfig.Defaults.NoValue, "%s: a text would hide that nothing is scraped", p.Title)
			}
		}
	}
	require.Equal(t, len(empty), seen)
}
