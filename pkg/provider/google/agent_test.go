package google_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Programs that set their own user agent write addresses of people into it; the
// event is sent without it, and says so. A browser's stays.
func TestUserAgentsAreJudged(t *testing.T) {
	t.Parallel()
	for agent, safe := range map[string]bool{
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": true,
		"canary.jane@mail.example": false, "App/1.0 (+4915123456789)": false, "App/1.0 eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln": false,
	} {
		k := newKit()
		optOut(k)
		k.in.Event.Device.UserAgent = identity.NewRaw(agent)
		k.in.Event.Click.SessionAttributes = identity.NewRaw(base64.RawURLEncoding.EncodeToString([]byte(`{"gad_source":"1","landing_page_user_agent":"` + agent + `"}`)))
		out := k.build(t)
		require.Equal(t, safe, contains(out.Identifiers.Present, decision.KindUserAgent), agent)
		if safe {
			require.Contains(t, string(out.Fragment), agent)
			continue
		}
		require.NotContains(t, string(out.Fragment), agent)
		require.NotContains(t, string(out.Fragment), base64.RawURLEncoding.EncodeToString([]byte(agent))[:12])
		require.Contains(t, out.Identifiers.Notes, event.Note{Path: "device.user_agent", Code: event.NoteUnsafe})
	}
}

func contains(kinds []decision.Kind, kind decision.Kind) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}
