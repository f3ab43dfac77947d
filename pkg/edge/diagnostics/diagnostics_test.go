package diagnostics_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic, statusTopic = "said", "status"

// cluster implements diagnostics.Cluster.
type cluster struct{ services *embedded.Services }

func (c cluster) OpenReader(ctx context.Context, cfg reader.Config) (*reader.Reader, error) {
	cfg.Kafka = c.services.Kafka()
	return reader.Open(ctx, cfg)
}

func (cluster) RequireTopics(_ context.Context, topics ...string) error {
	for _, name := range topics {
		if name != topic && name != statusTopic {
			return &unready.Error{What: "topics are missing: " + name}
		}
	}
	return nil
}

// bench has a topic with three decisions and a record that is none.
type bench struct {
	deps     diagnostics.Deps
	producer *kafka.Producer
	writer   *codec.Writer
}

func setup(t *testing.T) *bench {
	t.Helper()
	services, err := embedded.Start(t.Context(), embedded.Config{Topics: []embedded.Topic{{Name: topic}, {Name: statusTopic}}})
	require.NoError(t, err)
	producer, err := kafka.NewProducer(services.Kafka())
	require.NoError(t, err)
	client, err := sr.NewClient(sr.URLs(services.RegistryURL()), sr.HTTPClient(services.HTTPClient()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, producer.Close(context.Background()))
		require.NoError(t, services.Close())
	})
	registry := codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client})
	ids := codec.IDs{}
	for name, of := range map[schemas.Name]string{schemas.Diagnostic: topic, schemas.DestinationStatus: statusTopic} {
		ids[name], err = registry.Register(t.Context(), of, name)
		require.NoError(t, err)
	}
	b := &bench{producer: producer, writer: codec.NewWriter(ids, "test"), deps: diagnostics.Deps{
		Cluster: cluster{services}, Registry: registry, Log: slog.New(slog.DiscardHandler), RegistryFix: func(error) string { return "start it" },
	}}
	for _, id := range []string{"a", "b", "c"} {
		b.say(t, id)
	}
	require.NoError(t, producer.Produce(t.Context(), &kgo.Record{Topic: topic, Value: []byte("no diagnostic with event-b in it")}))
	return b
}

func (b *bench) say(t *testing.T, id string) {
	t.Helper()
	d := decision.Decision{
		ID: id, Time: time.Now().UnixMilli(), Stage: decision.StageRouter, Status: decision.Queued, Reason: decision.Eligible, CustomerID: "acme",
		DestinationID: "d", Mapping: "m", EventID: "event-" + id, Source: event.Coordinates{Topic: "in"},
	}
	assert.NoError(t, b.producer.Produce(t.Context(), &kgo.Record{Topic: topic, Key: []byte("d:event-" + id), Value: b.writer.AppendDiagnostic(nil, &d)}))
}

func open(t *testing.T, name string, deps diagnostics.Deps) *diagnostics.Log {
	t.Helper()
	log, err := diagnostics.Open(name, deps)
	require.NoError(t, err)
	return log
}

func TestASearchDecodesWhatMayMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	log := open(t, topic, b.deps)
	var found []string
	take := func(d *decision.Decision) error { found = append(found, d.EventID); return nil }
	done, err := log.Search(t.Context(), diagnostics.Search{Contains: [][]byte{[]byte("event-b")}, Keys: []string{"d:event-b"}}, take)
	require.NoError(t, err)
	require.Equal(t, []string{"event-b"}, found)
	require.Equal(t, diagnostics.Searched{Records: 4, Decoded: 2, Unreadable: 1, Partitions: 1}, done)

	found = nil
	_, err = log.Search(t.Context(), diagnostics.Search{Until: time.Now().Add(-time.Hour)}, take)
	require.NoError(t, err)
	require.Empty(t, found)
	_, err = open(t, "elsewhere", b.deps).Search(t.Context(), diagnostics.Search{}, take)
	_, missing := errors.AsType[*unready.Error](err)
	require.True(t, missing, "%v", err)
}

func TestEachPassesOverWhatIsNoDiagnostic(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var found []string
	unread, err := open(t, topic, b.deps).Each(t.Context(), time.Time{}, func(d *decision.Decision) { found = append(found, strings.Clone(d.EventID)) })
	require.NoError(t, err)
	require.Equal(t, 1, unread)
	require.Equal(t, []string{"event-a", "event-b", "event-c"}, found)
}

func TestATailFollowsAndReportsWhatIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	log := open(t, topic, b.deps)
	var found []string
	var bad int
	to := diagnostics.To{
		Take:    func(d *decision.Decision) error { found = append(found, strings.Clone(d.EventID)); return nil },
		Bad:     func(error) { bad++ },
		Waiting: func() { t.Error("a tail to the end waits for nothing") },
	}
	require.NoError(t, log.Tail(t.Context(), diagnostics.From{}, to))
	require.Equal(t, []string{"event-a", "event-b", "event-c"}, found)
	require.Equal(t, 1, bad)

	found = nil
	to.Waiting = func() { go b.say(t, "d") }
	to.Take = func(d *decision.Decision) error {
		found = append(found, strings.Clone(d.EventID))
		return io.ErrClosedPipe
	}
	require.ErrorIs(t, log.Tail(t.Context(), diagnostics.From{Latest: true, Follow: true}, to), io.ErrClosedPipe)
	require.Equal(t, []string{"event-d"}, found)
}

func TestTheNewestStatusOfEachDestinationCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	status := func(key, state string) *kgo.Record {
		s := codec.DestinationStatus{DestinationID: key, Sender: "s", State: state}
		return &kgo.Record{Topic: statusTopic, Key: []byte(key), Value: b.writer.AppendDestinationStatus(nil, &s)}
	}
	require.NoError(t, b.producer.Produce(t.Context(), status("a", "open"), status("b", "open"), status("a", "blocked"),
		&kgo.Record{Topic: statusTopic, Key: []byte("b")}, &kgo.Record{Topic: statusTopic, Key: []byte("c"), Value: []byte("none")}))
	all, err := diagnostics.Statuses(t.Context(), statusTopic, b.deps)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "blocked", all[0].State)
}
