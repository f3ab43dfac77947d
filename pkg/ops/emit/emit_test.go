package emit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/fake/topics"
	"github.com/sluicehq/sluice/pkg/ops/emit"
)

const (
	input = "analytics.events"
	good  = `{"customer_id":"acme","event_name":"purchase","event_time":1700000000000,"event_id":"e-1","subject_id":"s","commerce":{"transaction_id":"t-1"}}`
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// format is one that there is.
func format(name string) codec.Format {
	f, err := codec.FormatOf(name)
	if err != nil {
		panic(err)
	}
	return f
}

func emitter(t *testing.T, in *topics.Topics) *emit.Emitter {
	t.Helper()
	return emit.New(emit.Deps{
		Topics: in, Registry: topics.Registry(t), Input: input, Consent: "sluice.consent", Version: "9.9", Now: func() time.Time { return now },
		Producer: func() (emit.Producer, error) { return in, nil },
	})
}

// file is one good line and one that is no event.
func file(take func(n int, line []byte, bad error) error) error {
	if err := take(1, []byte(good), nil); err != nil {
		return err
	}
	return take(2, []byte("junk"), errors.New("no event"))
}

func TestLinesThatAreNoEventsAreLeftOutOrWrittenAsTheyAre(t *testing.T) {
	t.Parallel()
	for skip, want := range map[bool]emit.Answer{true: {Events: 1, Skipped: 1}, false: {Events: 2, Invalid: 1}} {
		in := &topics.Topics{}
		answer, err := emitter(t, in).Emit(t.Context(), emit.Request{Format: format("json"), Events: file, SkipInvalid: skip})
		require.NoError(t, err)
		require.Equal(t, want, answer)
		records := in.Records(input)
		require.Len(t, records, want.Events)
		require.Equal(t, good, string(records[0].Value), "nothing is written anew that need not be")
		require.Equal(t, "acme:s", string(records[0].Key))
		if !skip {
			require.Equal(t, "junk", string(records[1].Value))
		}
	}
}

// TestAFileThatStartsOverMakesNewEvents: with the ids of before they would be
// duplicates.
func TestAFileThatStartsOverMakesNewEvents(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{}
	answer, err := emitter(t, in).Emit(t.Context(), emit.Request{Format: format("json"), Events: file, SkipInvalid: true, Count: 3, Restamp: true})
	require.NoError(t, err)
	require.Equal(t, emit.Answer{Events: 3, Skipped: 1}, answer)
	var ids, orders []string
	for _, r := range in.Records(input) {
		var e event.Event
		require.NoError(t, format("json").Line(&e, r.Value))
		ids, orders = append(ids, e.ID), append(orders, e.Commerce.TransactionID)
		require.Equal(t, now.UnixMilli(), e.Time)
	}
	require.Equal(t, []string{"e-1", "e-1-r1", "e-1-r2"}, ids)
	require.Equal(t, []string{"t-1", "t-1-r1", "t-1-r2"}, orders)
}

func TestConsentIsThereBeforeTheFirstEvent(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{}
	q := emit.Request{Format: format("avro"), Consents: []codec.SubjectRecord{{CustomerID: "acme", SubjectID: identity.NewRaw("s")}}}
	q.Events = func(take func(n int, line []byte, bad error) error) error {
		require.Len(t, in.Records("sluice.consent"), 1)
		return file(take)
	}
	answer, err := emitter(t, in).Emit(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 1, answer.Consent)
	require.Equal(t, "sluice emit", topics.Header(in.Records("sluice.consent")[0], codec.HeaderMethod))
	require.NotEqual(t, good, string(in.Records(input)[0].Value))
}

func TestWhatWasAddedBeforeAnErrorIsWritten(t *testing.T) {
	t.Parallel()
	in := &topics.Topics{}
	boom := errors.New("boom")
	answer, err := emitter(t, in).Emit(t.Context(), emit.Request{Format: format("json"), Events: func(take func(int, []byte, error) error) error {
		return errors.Join(take(1, []byte(good), nil), boom)
	}})
	require.ErrorIs(t, err, boom)
	require.Equal(t, 1, answer.Events)
	require.Len(t, in.Records(input), 1)

	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = emitter(t, in).Emit(stopped, emit.Request{Format: format("json"), Events: file})
	require.ErrorIs(t, err, context.Canceled)

	in.Missing = []string{input}
	_, err = emitter(t, in).Emit(t.Context(), emit.Request{Format: format("json"), Events: file})
	var missing *unready.Error
	require.ErrorAs(t, err, &missing)
}
