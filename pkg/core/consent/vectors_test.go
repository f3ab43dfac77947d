package consent_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// A vector is a string that a reference library wrote, or one that is damaged, and
// what may come of it. An open one hangs on a decision that docs/gates.md tells,
// which is the first of its reasons.
type vector struct {
	ID, Field, String string
	Location          struct{ Country, Region string }
	Clock             time.Time
	Open              bool
	Google, Meta      struct {
		Reasons  []string
		Purposes map[string]string
	}
}

func readVectors(t testing.TB, file string) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	var vectors []vector
	require.NoError(t, json.Unmarshal(text, &vectors))
	require.Greater(t, len(vectors), 100)
	return vectors
}

func (v *vector) input() consent.Input {
	if v.Field == "tcf" {
		return consent.Input{TCF: consent.Text(v.String)}
	}
	return consent.Input{GPP: consent.Text(v.String)}
}

func (v *vector) judge(google bool) consent.Outcome {
	at := v.Clock.UnixMilli()
	place := consent.Place{Location: consent.NewJurisdiction(v.Location.Country, v.Location.Region)}
	snapshot := consent.Normalise(v.input(), at-30*60_000, at)
	e := consent.Merge(snapshot, consent.Statement{}, place, resource.EmbeddedPolicy().At(place), at)
	needs := consent.Needs{Purposes: consent.AdUserData}
	if google {
		needs.TCFVendor = 755
	}
	return consent.Judge(&e, needs)
}

// Certain vectors give one of their reasons; open ones give the first.
func TestVectors(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"tcf_vectors.json", "gpp_vectors.json"} {
		for _, v := range readVectors(t, file) {
			t.Run(v.ID, func(t *testing.T) {
				t.Parallel()
				for name, want := range map[string]struct {
					reasons  []string
					purposes map[string]string
				}{"google": {v.Google.Reasons, v.Google.Purposes}, "meta": {v.Meta.Reasons, v.Meta.Purposes}} {
					out := v.judge(name == "google")
					reason := "eligible"
					if cause, against := out.Causes.First(); against {
						reason = cause.String()
					}
					if v.Open {
						require.Equal(t, want.reasons[0], reason, "%s %s", name, out.Basis.Detail)
					}
					require.Contains(t, want.reasons, reason, "%s %s", name, out.Basis.Detail)
					if reason != want.reasons[0] || !slices.Contains([]string{"eligible", "consent.denied", "consent.unknown", "choice.gpc"}, reason) {
						continue
					}
					for purpose, state := range want.purposes {
						set, err := consent.ParsePurposes([]string{purpose})
						require.NoError(t, err)
						require.Equal(t, state, out.Said.Get(set).String(), "%s %s", name, purpose)
					}
				}
			})
		}
	}
}
