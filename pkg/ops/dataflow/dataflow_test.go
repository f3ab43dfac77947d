package dataflow_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/fake/topics"
	"github.com/sluicehq/sluice/pkg/ops/dataflow"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

const destination = `
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-meta, customer: acme}
spec: {provider: meta, account: {dataset_id: "1234567890123456"}, secret: "file:acme-a.json", terms: {accepted_by: dpo, accepted_at: 2026-11-01, documents: [{name: Business Tools Terms, version: "2026-01"}]}}
`

var providers = resource.Installation{Providers: map[string]resource.Provider{"meta": meta.New(provider.Deps{})}}

var names = topology.Names{Prefix: topology.DefaultPrefix}

func recorder(in *topics.Topics, applied *resource.Resources, err error) *dataflow.Recorder {
	return dataflow.New(dataflow.Deps{
		Topics: in, Resources: providers, Input: "analytics.events", Names: names, KeyID: "k1",
		Declared: []topology.Topic{{Name: names.Hold(), PersonalData: true, Why: "waits"}, {Name: names.Diagnostics()}, {Name: names.Policies()}, {Name: names.Consent()}},
		Applied:  func(context.Context) (*resource.Resources, []resource.Problem, error) { return applied, nil, err },
		Now:      func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) },
	})
}

func TestTheRecordNamesEveryDestinationPolicyAndTopic(t *testing.T) {
	t.Parallel()
	applied, problems := resource.Load([]resource.File{{Name: "acme.yaml", Data: []byte(destination)}}, nil, providers)
	require.False(t, resource.HasErrors(problems), "%v", problems)
	record, err := recorder(&topics.Topics{Retention: 7 * 24 * time.Hour}, applied, nil).Record(t.Context())
	require.NoError(t, err)
	require.Equal(t, "2026-11-20T12:00:00Z", record.MadeAt)
	require.Equal(t, "k1", record.KeyID)
	require.Len(t, record.Flows, 1)
	require.Equal(t, []string{"Business Tools Terms 2026-01"}, record.Flows[0].TermsDocuments)
	require.Len(t, record.Rules, 1)
	require.Equal(t, "everywhere else", record.Rules[0].Rows[len(record.Rules[0].Rows)-1].Jurisdiction)
	personal := map[string]string{}
	for _, k := range record.Kept {
		require.Equal(t, "7d", k.Keeps)
		personal[k.Topic] = k.Personal
	}
	require.Equal(t, map[string]string{
		"analytics.events": "in clear", names.Hold(): "in clear", names.Diagnostics(): "subject as keyed hash", names.Policies(): "none", names.Consent(): "subject id, choices",
	}, personal)
}

// TestNoRecordIsBetterThanHalfOfOne: counsel must not take what could not be read
// for what does not leave.
func TestNoRecordIsBetterThanHalfOfOne(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	_, err := recorder(&topics.Topics{}, nil, boom).Record(t.Context())
	require.ErrorIs(t, err, boom)
	_, err = recorder(&topics.Topics{Missing: []string{names.Hold()}}, &resource.Resources{}, nil).Record(t.Context())
	var missing *unready.Error
	require.ErrorAs(t, err, &missing)
}
