package cli_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/schemas"
	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/traffic"
	"github.com/sluicehq/sluice/test/load/world"
	"github.com/sluicehq/sluice/test/patience"
	"github.com/sluicehq/sluice/test/place"
)

// night is an installation with the test customers of cmd/loadgen, an operator,
// and the ledger that judges chaos. The ledger reads every topic with a decoder
// of its own, and takes its word about requests from the stand-ins' side.
type night struct {
	*site
	world  *world.World
	ledger *ledger.Ledger
	source *traffic.Source
	schema codec.SchemaID
	topic  [16]byte
}

func newNight(t *testing.T, resources string) *night {
	t.Helper()
	n := &night{site: &site{pipeline: &pipeline{stage: ready(t)}}, source: traffic.New(7)}
	n.world = n.newWorld()
	n.config = n.file("sluice.yaml", n.configuration())
	n.resources = n.file("resources/acme.yaml", resources)
	n.do("apply", "-f", n.resources, "--reason", "first set-up")
	n.redis = newWire(t, n.services.RedisAddr())

	n.ledger = ledger.New(n.world)
	reading, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	read := make(chan error, 1)
	go func() { read <- n.ledger.Read(reading) }()
	var watch sync.WaitGroup
	watch.Go(func() { n.ledger.Watch(reading, func() bool { return false }) })
	t.Cleanup(func() {
		stop()
		watch.Wait()
		require.NoError(t, <-read)
	})
	n.schema = n.inputSchema()
	topics, err := n.world.Admin.ListTopics(t.Context(), n.services.Name(place.Input))
	require.NoError(t, err)
	n.topic = topics[n.services.Name(place.Input)].ID
	n.startRoles()
	return n
}

// newWorld is what the ledger knows of the installation.
func (n *night) newWorld() *world.World {
	w := &world.World{
		Services: &world.Services{Brokers: n.services.Kafka().Brokers, RegistryURL: n.services.RegistryURL()},
		Dir:      n.dir, Names: n.services.Names(), Record: &world.Record{Leak: traffic.InRequest},
	}
	if w.Names.Prefix == "" {
		w.Names.Prefix = topology.DefaultPrefix
	}
	var err error
	n.sandbox, err = sandbox.New(sandbox.Config{}, sandbox.Deps{})
	require.NoError(n.t, err)
	w.Sandbox = n.sandbox
	require.NoError(n.t, w.WriteSecrets())
	w.Client, err = w.NewClient(kgo.RecordPartitioner(kafka.Partitioner()))
	require.NoError(n.t, err)
	n.t.Cleanup(w.Client.Close)
	w.Admin = kadm.NewClient(w.Client)
	w.Registry, err = sr.NewClient(sr.URLs(w.RegistryURL), sr.HTTPClient(n.services.HTTPClient()))
	require.NoError(n.t, err)
	return w
}

// configuration has the stand-ins behind the ledger's own ear.
func (n *night) configuration() string {
	server := httptest.NewUnstartedServer(n.world.Record.Around("sender", n.sandbox.Handler()))
	server.Config.ReadHeaderTimeout = 10 * time.Second
	server.Start()
	n.t.Cleanup(server.Close)
	urls := sandbox.URLsAt(server.URL)
	return fmt.Sprintf(`
router: {instance: test, hold: {after: 1s}}
sender:
  run: [meta, google, webhook]
  secrets_dir: %q
  lanes: {batch: 1s}
  providers:
    meta: {base_url: %q, allow_insecure: true, allow_private: true}
    google: {base_url: %q, token_url: %q, allow_insecure: true, allow_private: true}
    webhook: {base_url: %q, allow_insecure: true, allow_private: true}
privacy: {key: %q, key_id: test}
erase: {keys: {k1: %q}, key_id: k1}
diagnostics: {unmapped: all}
telemetry: {log: {level: warn, format: text}}
`, n.dir, urls["meta"], urls["google"], urls["google_token"], urls["webhook"], "file:"+n.dir+"/privacy.key", "file:"+n.dir+"/privacy.key")
}

func (n *night) inputSchema() codec.SchemaID {
	id, err := n.registry(n.t).Register(n.t.Context(), n.services.Name(place.Input), schemas.AnalyticsEvent)
	require.NoError(n.t, err)
	return id
}

// traffic writes events of some kinds (all that need nothing else where none is
// named), and gives them. expect changes what must become of one.
func (n *night) traffic(count int, kinds []string, expect func(*traffic.Item)) []*traffic.Item {
	n.t.Helper()
	// Their consent changes while they wait, which needs a writer of its own; and
	// the story is of a shop with three providers.
	without := []string{"late", "revoked", "everywhere"}
	var all []*traffic.Item
	for len(all) < count {
		item := n.source.Next(time.Now())
		if slices.Contains(without, item.Kind) || len(kinds) > 0 && !slices.Contains(kinds, item.Kind) {
			continue
		}
		if expect != nil {
			expect(item)
		}
		n.write(item)
		all = append(all, item)
	}
	return all
}

func (n *night) write(item *traffic.Item) {
	n.t.Helper()
	r := &kgo.Record{Topic: n.services.Name(place.Input), Value: item.Raw}
	if e := item.Event; e != nil {
		r.Value = codec.AppendEvent(nil, n.schema, e)
		if e.CustomerID != "" {
			r.Key = event.Key(nil, e.CustomerID, e.SubjectID.Reveal(), e.ID)
		}
	}
	require.NoError(n.t, n.world.Client.ProduceSync(n.t.Context(), r).FirstErr())
	n.ledger.Wrote(item, ledger.At{Topic: n.topic, Partition: r.Partition, Offset: r.Offset}, time.Now())
}

// settled waits until all but so many pairs of event and mapping have reached
// their end.
func (n *night) settled(but int) {
	n.t.Helper()
	n.until(fmt.Sprintf("all but %d to end", but), func() bool { return n.ledger.Open() <= but })
	require.Equal(n.t, but, n.ledger.Open())
}

// operator types command lines and sees what stands below them, as in a
// runbook.
func (n *night) operator(script string, args ...any) {
	n.t.Helper()
	parts, err := readRunbook("story", "```console\n"+fmt.Sprintf(strings.TrimLeft(script, "\n"), args...)+"\n```")
	require.NoError(n.t, err)
	o := &operator{run: n.operate, dir: n.dir, patience: patience.Left(n.t), used: map[string]bool{}}
	o.say = func(s step, got result) { n.t.Logf("%s\n%s%s", s, got.stdout, got.stderr) }
	for _, p := range parts {
		require.NoError(n.t, o.follow(n.t.Context(), p))
	}
}

// verify has the ledger judge.
func (n *night) verify() {
	n.t.Helper()
	require.NoError(n.t, n.ledger.CheckUnfinished(n.t.Context()))
	require.NoError(n.t, n.ledger.CheckAllRead(n.t.Context()))
	report := n.ledger.Judge()
	looked := map[string]int{}
	for _, c := range append(report.Checks, n.ledger.JudgeReplays()) {
		if c.ID == "I10" || c.ID == "I12" {
			continue // memory and tables are measured of processes, by chaos
		}
		require.Empty(n.t, c.Bad, "%s: %s", c.ID, c.What)
		looked[c.ID] = c.Looked
	}
	n.t.Logf("%d events, %d requests: looked at %v", n.ledger.Written(), report.Requests, looked)
	for _, id := range []string{"I1", "I2", "I3", "I4", "I7", "I9", "replay"} {
		require.Positive(n.t, looked[id], id)
	}
	require.Zero(n.t, report.Lost)
	require.Zero(n.t, report.DuplicateHandovers)
	require.Zero(n.t, report.ProviderDuplicates)
}
