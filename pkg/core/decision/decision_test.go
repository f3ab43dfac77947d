package decision_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// Every reason is complete: docs/reasons.md is made of this table, and an
// operator who looks a code up must find a sentence.
func TestEveryReasonIsComplete(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^[a-z]+(\.[a-z_]+)?$`)
	known := map[string]bool{}
	sentences := map[string]bool{}
	for _, r := range decision.Reasons() {
		info := r.Info()
		require.Equal(t, r, info.Reason)
		require.Regexp(t, code, info.Code)
		require.Equal(t, info.Code, r.String())
		require.False(t, known[info.Code], info.Code)
		known[info.Code] = true
		require.NotEmpty(t, info.Gate, info.Code)
		require.True(t, strings.HasSuffix(info.Sentence, "."), "%s: %q", info.Code, info.Sentence)
		require.False(t, sentences[info.Sentence], info.Code)
		sentences[info.Sentence] = true
		if info.Fix != "" {
			require.True(t, strings.HasSuffix(info.Fix, "."), "%s: %q", info.Code, info.Fix)
		}
		if !strings.HasPrefix(info.Code, "source.") { // these are about no event
			require.NotEqual(t, decision.StatusNone, info.Status, info.Code)
		}
		parsed, err := decision.ParseReason(info.Code)
		require.NoError(t, err)
		require.Equal(t, r, parsed)
	}
}

// The codes are a public contract: dashboards and customers' consumers know
// them. Add to them; never change or remove one.
func TestTheRoutersCodesAndStatuses(t *testing.T) {
	t.Parallel()
	for status, codes := range map[decision.Status]string{
		decision.DeadLettered: "event.undecodable event.invalid event.too_large provider.rejected",
		decision.Skipped: `mapping.none mapping.disabled event.not_live mapping.condition mapping.error
			destination.inactive destination.invalid destination.no_credentials destination.terms_not_accepted
			consent.erased choice.gpc choice.dnt choice.minor
			consent.malformed consent.denied consent.sensitive consent.expired consent.unknown
			identifiers.none identifiers.insufficient identifiers.unsafe_id`,
		decision.Rejected: `provider.too_old provider.in_future provider.dedup_window_passed provider.value_missing provider.currency_missing
			provider.currency_invalid provider.url_missing provider.user_agent_missing provider.source_missing provider.action_missing
			provider.transaction_id_missing provider.app_data_missing provider.unsupported_event provider.field_invalid`,
		decision.Duplicate: "duplicate.event_id duplicate.transaction duplicate.delivered duplicate.superseded",
		decision.Queued:    "eligible",
		decision.Delivered: "delivered",
		decision.Revoked:   "consent.revoked destination.changed",
		decision.Parked:    "destination.paused credentials.missing credentials.invalid provider.misconfigured",
		decision.Retrying:  "provider.throttled provider.unavailable",
		decision.Confirmed: "verdict.confirmed verdict.unmatched",
		decision.Refused:   "verdict.refused verdict.consent_denied",
	} {
		for code := range strings.FieldsSeq(codes) {
			r, err := decision.ParseReason(code)
			require.NoError(t, err)
			require.Equal(t, status.String(), r.Info().Status.String(), code)
		}
	}
}

func TestWordsComeBack(t *testing.T) {
	t.Parallel()
	for _, s := range decision.Statuses() {
		parsed, err := decision.ParseStatus(s.String())
		require.NoError(t, err)
		require.Equal(t, s, parsed)
	}
	for s := decision.StageRouter; s <= decision.StageVerdict; s++ {
		parsed, err := decision.ParseStage(s.String())
		require.NoError(t, err)
		require.Equal(t, s, parsed)
	}
	for _, l := range []decision.Lane{decision.LaneBatch, decision.LaneRealtime, decision.LaneReplay} {
		parsed, err := decision.ParseLane(l.String())
		require.NoError(t, err)
		require.Equal(t, l, parsed)
	}
	for k := range decision.KindCount {
		parsed, ok := decision.ParseKind(k.String())
		require.True(t, ok)
		require.Equal(t, k, parsed)
	}
}

func TestUnknownWordsAreRefused(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"", "Queued", "eligibl", "none", "status(3)"} {
		_, err := decision.ParseStatus(word)
		require.Error(t, err, word)
		_, err = decision.ParseReason(word)
		require.Error(t, err, word)
		_, err = decision.ParseStage(word)
		require.Error(t, err, word)
		_, err = decision.ParseLane(word)
		require.Error(t, err, word)
		_, ok := decision.ParseKind(word)
		require.False(t, ok, word)
	}
	require.Equal(t, "reason(255)", decision.Reason(255).String())
	require.Equal(t, "reason(255)", decision.Reason(255).Info().Code)
	require.Equal(t, "status(255)", decision.Status(255).String())
	require.Equal(t, "stage(255)", decision.Stage(255).String())
	require.Equal(t, "lane(255)", decision.Lane(255).String())
	require.Equal(t, "kind(?)", decision.KindCount.String())
}

func TestPendingStatuses(t *testing.T) {
	t.Parallel()
	var pending []string
	for _, s := range decision.Statuses() {
		if s.Pending() {
			pending = append(pending, s.String())
		}
	}
	require.Equal(t, []string{"queued", "held", "retrying", "parked"}, pending)
}

func TestKindSets(t *testing.T) {
	t.Parallel()
	s := decision.Kinds(decision.KindIP, decision.KindEmail, decision.KindLoginID)
	require.Equal(t, []decision.Kind{decision.KindEmail, decision.KindIP, decision.KindLoginID}, s.List())
	require.True(t, s.Has(decision.KindIP))
	require.False(t, s.Has(decision.KindPhone))
	require.Empty(t, decision.KindSet(0).List())
}

// Whatever makes a decision another one makes its id another.
func TestDecisionIDsAreUniqueAndStable(t *testing.T) {
	t.Parallel()
	at := event.Coordinates{Topic: "in", TopicID: event.TopicID{1}, Partition: 1, Offset: 2, AppendTime: 3}
	id := func(c event.Coordinates, destination, mapping string, stage decision.Stage, status decision.Status, replay string, attempt int32) string {
		return decision.NewID(c, destination, mapping, stage, status, replay, attempt)
	}
	with := func(change func(*event.Coordinates)) event.Coordinates {
		c := at
		change(&c)
		return c
	}
	r, q := decision.StageRouter, decision.Queued
	ids := map[string]string{}
	for name, given := range map[string]string{
		"plain":        id(at, "d", "m", r, q, "", 0),
		"partition":    id(with(func(c *event.Coordinates) { c.Partition = 2 }), "d", "m", r, q, "", 0),
		"offset":       id(with(func(c *event.Coordinates) { c.Offset = 3 }), "d", "m", r, q, "", 0),
		"topic id":     id(with(func(c *event.Coordinates) { c.TopicID[15] = 1 }), "d", "m", r, q, "", 0),
		"no topic id":  id(with(func(c *event.Coordinates) { c.TopicID = event.TopicID{} }), "d", "m", r, q, "", 0),
		"other topic":  id(with(func(c *event.Coordinates) { c.TopicID, c.Topic = event.TopicID{}, "other" }), "d", "m", r, q, "", 0),
		"destination":  id(at, "e", "m", r, q, "", 0),
		"mapping":      id(at, "d", "n", r, q, "", 0),
		"moved border": id(at, "dm", "", r, q, "", 0),
		"stage":        id(at, "d", "m", decision.StageHold, q, "", 0),
		"status":       id(at, "d", "m", r, decision.Skipped, "", 0),
		"replay":       id(at, "d", "m", r, q, "r", 0),
		"attempt":      id(at, "d", "m", r, q, "", 1),
	} {
		require.Regexp(t, `^[0-9a-f]{32}$`, given)
		require.Empty(t, ids[given], name)
		ids[given] = name
	}
	terminal := id(at, "d", "m", r, decision.Delivered, "", 1)
	require.Equal(t, terminal, id(at, "d", "m", r, decision.Delivered, "", 7), "an end is one, however many attempts led to it")
	require.Equal(t, id(at, "d", "m", r, q, "", 0), id(with(func(c *event.Coordinates) { c.Topic, c.AppendTime = "renamed", 9 }), "d", "m", r, q, "", 0))
	// Consumers compare ids across versions: what they are made of never changes.
	require.Equal(t, "45fc51226b0a17e4c6a0ecd48f073796", id(at, "d", "m", r, q, "", 0))
}
