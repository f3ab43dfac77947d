package apply_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/fake/topics"
	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

const destination = `
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-meta, customer: acme}
spec: {provider: meta, account: {dataset_id: "1234567890123456"}, secret: "file:acme-a.json"}
`

const mapping = `
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-all}
spec:
  destinations: [acme-meta]
  events:
    order.placed: {provider_event: Purchase}
`

var (
	now       = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	names     = topology.Names{Prefix: topology.DefaultPrefix}
	providers = resource.Installation{Providers: map[string]resource.Provider{"meta": meta.New(provider.Deps{})}}
)

func files(yaml string) []resource.File {
	return []resource.File{{Name: "acme.yaml", Data: []byte(yaml)}}
}

// applier is an Applier over topics in memory. before is told when the right to
// write has been taken.
func applier(t *testing.T, in *topics.Topics, before func()) *apply.Applier {
	t.Helper()
	return apply.New(apply.Deps{
		Topics: in, Registry: topics.Registry(t), Names: names, Resources: providers, Version: "9.9", Now: func() time.Time { return now },
		Transaction: func(ctx context.Context, id string) (apply.Transaction, error) {
			tx, err := in.Transaction(ctx, id)
			before()
			return tx, err
		},
	})
}

func TestAPlanIsWrittenAsAWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{}
	a := applier(t, in, func() {})
	dry, err := a.Apply(t.Context(), apply.Request{Files: files(destination + mapping), DryRun: true})
	require.NoError(t, err)
	require.False(t, dry.Applied)
	require.Len(t, dry.Changes, 2)
	require.Contains(t, strings.Join(dry.Effects, "\n"), "would ")
	require.Empty(t, in.Records(names.Destinations()))

	done, err := a.Apply(t.Context(), apply.Request{Files: files(destination + mapping), Author: "ada", Reason: "launch"})
	require.NoError(t, err)
	require.True(t, done.Applied)
	require.NotContains(t, strings.Join(done.Effects, "\n"), "would ")
	require.Len(t, in.Records(names.Mappings()), 1)
	written := in.Records(names.Destinations())[0]
	require.Equal(t, "acme-meta", string(written.Key))
	require.Equal(t, "ada", topics.Header(written, codec.HeaderAuthor))
	require.Equal(t, "launch", topics.Header(written, codec.HeaderApplyReason))
	require.Equal(t, "2026-11-20T12:00:00Z", topics.Header(written, codec.HeaderAppliedAt))
	require.Equal(t, "9.9", topics.Header(written, codec.HeaderAppVersion))

	again, err := a.Apply(t.Context(), apply.Request{Files: files(destination + mapping)})
	require.NoError(t, err)
	require.Empty(t, again.Changes)
	require.Len(t, in.Records(names.Destinations()), 1)
}

func TestOnlyPruningRemovesWhatFilesDoNotName(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{}
	a := applier(t, in, func() {})
	_, err := a.Apply(t.Context(), apply.Request{Files: files(destination + mapping)})
	require.NoError(t, err)
	kept, err := a.Apply(t.Context(), apply.Request{Files: files(destination)})
	require.NoError(t, err)
	require.Empty(t, kept.Changes)
	require.Len(t, kept.Kept, 1)
	pruned, err := a.Apply(t.Context(), apply.Request{Files: files(destination), Prune: true})
	require.NoError(t, err)
	require.Equal(t, "remove", pruned.Changes[0].Verb)
	records := in.Records(names.Mappings())
	require.Nil(t, records[len(records)-1].Value)
	current, problems, err := a.Current(t.Context())
	require.NoError(t, err)
	require.Empty(t, problems)
	require.Len(t, current.Destinations, 1)
	require.Empty(t, current.Mappings)
}

// TestTwoAppliesDoNotWriteOverEachOther: the right to write is taken before
// anything is read, so that the slower one writes nothing.
func TestTwoAppliesDoNotWriteOverEachOther(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{}
	other := applier(t, in, func() {})
	first := true
	slow := applier(t, in, func() {
		if first {
			first = false
			_, err := other.Apply(t.Context(), apply.Request{Files: files(destination)})
			require.NoError(t, err)
		}
	})
	_, err := slow.Apply(t.Context(), apply.Request{Files: files(destination + mapping)})
	require.ErrorIs(t, err, kerr.ProducerFenced)
	require.ErrorContains(t, err, "nothing was written, run it again")
	require.Empty(t, in.Records(names.Mappings()))
}

func TestWhatIsWrongInFilesIsWrittenNowhere(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{}
	require.NoError(t, apply.Alone(files(mapping), providers), "the destination may be applied already")
	var wrong *apply.ProblemsError
	require.ErrorAs(t, apply.Alone(files(strings.Replace(destination, "provider: meta", "provider: metta", 1)), providers), &wrong)
	_, err := applier(t, in, func() {}).Apply(t.Context(), apply.Request{Files: files(mapping)})
	require.ErrorAs(t, err, &wrong)
	require.NotEmpty(t, wrong.Problems)
	require.Empty(t, in.Records(names.Mappings()))
}

// TestWhatNoEventCouldPassIsRefused: it would be applied, and every event would
// be refused, expire or reach nobody.
func TestWhatNoEventCouldPassIsRefused(t *testing.T) {
	t.Parallel()
	mapped := func(keys string) string {
		return destination + strings.Replace(mapping, "provider_event: Purchase", "provider_event: Purchase, "+keys, 1)
	}
	policy := "\n---\napiVersion: sluice/v1\nkind: Policy\nmetadata: {name: strict, customer: %}\nspec: {version: \"1\", default: {regime: opt_in}}\n"
	signed := func(day string) string {
		return strings.Replace(destination, "secret:", "terms: {accepted_by: dpo@acme.example, accepted_at: "+day+"}, secret:", 1)
	}
	for name, c := range map[string]struct{ yaml, want string }{
		"a wait beyond what a browser's copy is recognised for": {mapped("lane: batch, max_wait: 47h"), "max_wait must be shorter than 47h"},
		"a wait beyond the provider's age": {
			strings.Replace(mapped("lane: batch, max_wait: 7d"), "secret:", "browser_tag: false, secret:", 1), "max_wait must be shorter than ",
		},
		"a shorter wait":             {mapped("lane: batch, max_wait: 46h"), ""},
		"text as a number":           {mapped(`fields: {value: "'ten'"}`), "fields.value must give a number, gives string"},
		"a field of text":            {mapped(`fields: {value: "event.source"}`), "fields.value must give a number, gives string"},
		"a number":                   {mapped(`fields: {value: "10"}`), ""},
		"a number as a currency":     {mapped(`fields: {currency: "10"}`), "fields.currency must give text, gives int"},
		"an optional field":          {mapped(`item_id: "item.group_id.orValue(item.id)"`), "item.?group_id.orValue(item.id)"},
		"terms of tomorrow's morrow": {signed("2026-11-22"), "spec.terms.accepted_at must not be in the future"},
		"terms of today":             {signed("2026-11-20"), ""},
		"a policy of nobody":         {destination + strings.Replace(policy, "%", "acmee", 1), "did you mean acme?"},
		"a policy of a customer":     {destination + strings.Replace(policy, "%", "acme", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := applier(t, &topics.Topics{}, func() {}).Apply(t.Context(), apply.Request{Files: files(c.yaml)})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var wrong *apply.ProblemsError
			require.ErrorAs(t, err, &wrong)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestANewCustomerThatIsSpeltNearlyLikeAKnownOneIsNoted: it may be a new one.
func TestANewCustomerThatIsSpeltNearlyLikeAKnownOneIsNoted(t *testing.T) {
	t.Parallel()
	a := applier(t, &topics.Topics{}, func() {})
	first, err := a.Apply(t.Context(), apply.Request{Files: files(destination)})
	require.NoError(t, err)
	require.Empty(t, first.Notes)
	other := strings.NewReplacer("customer: acme", "customer: acmee", "acme-meta", "acmee-meta", "acme-a", "acmee-a", "1234567890123456", "1234567890123457").Replace(destination)
	second, err := a.Apply(t.Context(), apply.Request{Files: files(other)})
	require.NoError(t, err)
	require.Contains(t, strings.Join(second.Notes, "\n"), "spelt nearly like acme")
	third, err := a.Apply(t.Context(), apply.Request{Files: files(other)})
	require.NoError(t, err)
	require.Empty(t, third.Notes, "it is known now")
}

func TestMissingTopicsAreSaidBeforeAnythingIsRead(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{Missing: []string{names.Policies()}}
	_, err := applier(t, in, func() {}).Apply(t.Context(), apply.Request{Files: files(destination), DryRun: true})
	var missing *unready.Error
	require.ErrorAs(t, err, &missing)
}

// TestCustomersShareOnlyWhatTheConfigurationNames: neither another customer's
// secret nor its account can be applied, and the refusal says what to write.
func TestCustomersShareOnlyWhatTheConfigurationNames(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{}
	a := applier(t, in, func() {})
	_, err := a.Apply(t.Context(), apply.Request{Files: files(destination)})
	require.NoError(t, err)

	borrowed := strings.NewReplacer("acme-meta", "mallory-meta", "customer: acme", "customer: mallory", "1234567890123456", "6543210987654321").Replace(destination)
	for _, refused := range []error{
		apply.Alone(files(borrowed), providers),
		func() error { _, err := a.Apply(t.Context(), apply.Request{Files: files(borrowed)}); return err }(),
	} {
		require.ErrorContains(t, refused, "acme.yaml:5:")
		require.ErrorContains(t, refused, `spec.secret must be a secret of customer mallory, as its name says: file:mallory/NAME or file:mallory-NAME, with no dash in NAME, found "file:acme-a.json"`)
		require.ErrorContains(t, refused, "write file:mallory-acme_a.json")
	}
	old := strings.ReplaceAll(destination, "acme-a.json", "a.json")
	require.ErrorContains(t, apply.Alone(files(old), providers), "rename the secret and write file:acme-a.json")

	same := strings.NewReplacer("acme-meta", "mallory-meta", "customer: acme", "customer: mallory", "acme-a", "mallory-a").Replace(destination)
	_, err = a.Apply(t.Context(), apply.Request{Files: files(same)})
	require.ErrorContains(t, err, "acme.yaml:5:")
	require.ErrorContains(t, err, "spec.account must be the account of one customer, and is one of acme, mallory (acme-meta, mallory-meta)")
	require.Len(t, in.Records(names.Destinations()), 1)
	shared := providers
	shared.Customers.Shared = []resource.SharedThing{{Account: "meta:1234567890123456", Customers: []string{"acme", "mallory"}}}
	permitting := apply.New(apply.Deps{
		Topics: in, Registry: topics.Registry(t), Names: names, Resources: shared, Version: "9.9", Now: func() time.Time { return now },
		Transaction: func(ctx context.Context, id string) (apply.Transaction, error) { return in.Transaction(ctx, id) },
	})
	_, err = permitting.Apply(t.Context(), apply.Request{Files: files(same)})
	require.NoError(t, err)
	require.Len(t, in.Records(names.Destinations()), 2)

	// What was wrong before hinders nobody who has nothing to do with it.
	other := strings.NewReplacer("acme-meta", "globex-meta", "customer: acme", "customer: globex", "acme-a", "globex-a", "1234567890123456", "77").Replace(destination)
	_, err = a.Apply(t.Context(), apply.Request{Files: files(other)})
	require.NoError(t, err)
}
