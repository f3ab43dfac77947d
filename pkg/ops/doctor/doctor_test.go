package doctor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/schema"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	"github.com/sluicehq/sluice/pkg/provider/webhook"
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

// bare are the dependencies of an installation whose services are all down.
func bare() Deps {
	down := &unready.Error{What: "nothing answers", Err: errors.New("connection refused"), Fix: "start it"}
	all := map[string]provider.Provider{"meta": meta.New(provider.Deps{}), "webhook": webhook.New(provider.Deps{})}
	return Deps{
		Config: config.Default(), Names: topology.Names{Prefix: topology.DefaultPrefix}, Providers: all, Cluster: gone{err: down},
		Schemas: func(context.Context) ([]schema.Subject, error) { return nil, down },
		Claims:  func() (Claims, error) { return nil, down },
		Now:     time.Now,
	}
}

// gone is a cluster that does not answer.
type gone struct {
	kafkaCluster
	err error
}

func (g gone) Client(context.Context) (*kgo.Client, error) { return nil, g.err }

func (g gone) Admin(context.Context) (*kadm.Client, error) { return nil, g.err }

// TestWhatIsDownHidesNothingElse: each service that does not answer is one
// problem with its fix, and what cannot be looked at without it is left out.
func TestWhatIsDownHidesNothingElse(t *testing.T) {
	t.Parallel()
	answer := New(bare()).Look(t.Context())
	problems := map[string]string{}
	for _, f := range answer.Findings {
		if f.Level == Problem {
			problems[f.Area] = f.Detail + " | " + f.Fix
		}
	}
	const said = "nothing answers: connection refused | start it"
	require.Equal(t, map[string]string{"kafka": said, "registry": said, "redis": said}, problems)
	require.False(t, answer.OK)
	require.Equal(t, 3, answer.Problems)
	require.Equal(t, answer.Warnings, answer.Count(Warning))
}

func TestMissingAndRefusedSchemasAreToldApart(t *testing.T) {
	t.Parallel()
	deps := bare()
	deps.Schemas = func(context.Context) ([]schema.Subject, error) {
		return []schema.Subject{{Subject: "a", State: schema.Registered}, {Subject: "b", State: schema.Missing}, {Subject: "c", State: schema.Incompatible}}, nil
	}
	levels := map[Level]string{}
	for _, f := range New(deps).Look(t.Context()).Findings {
		if f.Area == "registry" {
			levels[f.Level] = f.Detail
		}
	}
	require.Equal(t, map[Level]string{Problem: "it would refuse our schema for c", Warning: "schemas are missing for b"}, levels)
}

// TestEveryProviderThatIsReachedElsewhereIsTold: one that is added must not be
// sent to some other address without doctor saying so.
func TestEveryProviderThatIsReachedElsewhereIsTold(t *testing.T) {
	t.Parallel()
	deps := bare()
	deps.Config.Sender.Providers = map[string]config.Provider{}
	for name := range deps.Providers {
		deps.Config.Sender.Providers[name] = config.Provider{BaseURL: "http://127.0.0.1:1"}
	}
	warned := map[string]Level{}
	for _, f := range New(deps).Look(t.Context()).Findings {
		warned[f.Area] = f.Level
	}
	for name := range deps.Providers {
		require.Equal(t, Warning, warned["provider "+name], name)
	}
}
