package cli_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
	"github.com/sluicehq/sluice/test/place"
)

// stage is services (embedded, or real ones named by the environment) and a
// folder, for commands that connect. Tests name topics as a default
// installation does.
type stage struct {
	t        testing.TB
	services *place.Place
	dir      string
}

// newStage starts services with the analytics topic only.
func newStage(t testing.TB) *stage {
	t.Helper()
	services := place.Open(t, embedded.Config{Topics: []embedded.Topic{{Name: place.Input, Partitions: 3}}})
	return &stage{t: t, services: services, dir: t.TempDir()}
}

// ready is a stage with our topics.
func ready(t testing.TB) *stage {
	t.Helper()
	s := newStage(t)
	s.ok("topology", "apply", "--replication", "1", "--partitions", "3")
	return s
}

func (s *stage) flags() []string {
	return []string{"--brokers", strings.Join(s.services.Kafka().Brokers, ","), "--registry", s.services.RegistryURL(), "--redis", s.services.RedisAddr()}
}

// run runs a command that connects.
func (s *stage) run(args ...string) result {
	s.t.Helper()
	return s.with(s.t.Context(), strings.NewReader(""), append(args, s.flags()...)...)
}

// with runs one with the settings of this stage and no flags of ours. What it
// prints is told as a default installation would.
func (s *stage) with(ctx context.Context, in io.Reader, args ...string) result {
	s.t.Helper()
	got := runWith(s.t, ctx, in, s.services.Environ(), args...)
	got.stdout, got.stderr = s.services.Usual(got.stdout), s.services.Usual(got.stderr)
	return got
}

// ok runs a command that must succeed, and gives its standard output.
func (s *stage) ok(args ...string) string {
	s.t.Helper()
	got := s.run(args...)
	require.Equal(s.t, 0, got.code, "%v: %s%s", args, got.stdout, got.stderr)
	return got.stdout
}

// file writes a file into the stage's folder.
func (s *stage) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// produce writes one record as a program of the customer's own would; a nil
// value is a tombstone.
func (s *stage) produce(topic string, key, value []byte, headers map[string]string) {
	s.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...))
	require.NoError(s.t, err)
	defer client.Close()
	r := &kgo.Record{Topic: s.services.Name(topic), Key: key, Value: value}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(headers[name])})
	}
	require.NoError(s.t, client.ProduceSync(s.t.Context(), r).FirstErr())
}

// records reads everything that stands in a topic now, by partition and offset.
func (s *stage) records(topic string) []*kgo.Record {
	s.t.Helper()
	topic = s.services.Name(topic)
	ctx, cancel := patience.Context(s.t)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	require.NoError(s.t, err)
	defer client.Close()
	ends, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topic)
	require.NoError(s.t, err)
	open := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			open[o.Partition] = o.Offset
		}
	})
	var all []*kgo.Record
	for len(open) > 0 {
		fetches := client.PollFetches(ctx)
		require.NoError(s.t, fetches.Err0())
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= open[r.Partition] {
				delete(open, r.Partition)
			}
		})
	}
	// Brokers and partitions answer in any order.
	slices.SortFunc(all, func(a, b *kgo.Record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	return all
}

// unjson reads one JSON object of standard output.
func unjson(t testing.TB, text string) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}

// decode reads one JSON object of standard output.
func decode(t testing.TB, text string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), into), text)
}
