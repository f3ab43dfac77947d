package boot

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/config"
)

// A consent tool that fills the fields for known children for everybody makes minors
// of a whole audience.
func TestAShareOfMinorsThatIsUnlikely(t *testing.T) {
	t.Parallel()
	judged := decision.Decision{Stage: decision.StageRouter, Consent: consent.Basis{PolicyID: "default"}}
	minor := judged
	minor.Reason = decision.ChoiceMinor
	for name, c := range map[string]struct {
		minors, others int
		want           bool
	}{
		"none":         {0, 1000, false},
		"a few":        {19, 0, false},
		"a tenth":      {20, 180, true},
		"less than it": {20, 200, false},
		"everybody":    {500, 0, true},
	} {
		var a ageShare
		for range c.minors {
			a.add(&minor)
		}
		for range c.others {
			a.add(&judged)
		}
		unmapped := decision.Decision{Stage: decision.StageRouter, Reason: decision.MappingNone}
		a.add(&unmapped)
		require.Equal(t, c.want, a.unlikely(), name)
	}
}

// TestDoctorLooksAtEveryProvider: one that is added must not be sent to some
// other address without doctor saying so.
func TestDoctorLooksAtEveryProvider(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	env, err := NewEnv(cfg, Options{Version: "test", Log: io.Discard})
	require.NoError(t, err)
	env.Config.Sender.Providers = map[string]config.Provider{}
	for name := range env.Providers() {
		env.Config.Sender.Providers[name] = config.Provider{BaseURL: "http://127.0.0.1:1"}
	}
	require.GreaterOrEqual(t, len(env.Config.Sender.Providers), 3)
	d := &doctor{env: env}
	d.settings()
	warned := map[string]Level{}
	for _, f := range d.findings {
		warned[f.Area] = f.Level
	}
	for name := range env.Config.Sender.Providers {
		require.Equal(t, Warning, warned["provider "+name], name)
	}
	require.NoError(t, env.Close())
}
