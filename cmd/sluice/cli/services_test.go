package cli_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/embedded"
)

// stage is a set of embedded services and a folder, for commands that connect.
type stage struct {
	t        testing.TB
	services *embedded.Services
	dir      string
}

// newStage starts services with the analytics topic only.
func newStage(t testing.TB) *stage {
	t.Helper()
	services, err := embedded.Start(t.Context(), embedded.Config{Topics: []embedded.Topic{{Name: "analytics.events", Partitions: 3}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, services.Close()) })
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
	return []string{"--brokers", strings.Join(s.services.Kafka().Brokers, ","), "--registry", s.services.RegistryURL(), "--redis", s.services.Redis().Addr()}
}

// run runs a command that connects.
func (s *stage) run(args ...string) result {
	s.t.Helper()
	return run(s.t, append(args, s.flags()...)...)
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

// records reads everything that stands in a topic now.
func (s *stage) records(topic string) []*kgo.Record {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
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
	return all
}

// unjson reads one JSON object of standard output.
func unjson(t testing.TB, text string) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}
