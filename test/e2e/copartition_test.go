package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
	"github.com/sluicehq/sluice/test/patience"
)

// I7: with consent read by partition, two routers and two senders share the
// work, each keeps what its partitions are of, and a denial stops its subject
// and nobody else. A topic that does not fit is refused, and so is a consent
// record that stands where no reader would look for it.
func TestConsentByPartition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{more: "consent: {load: partitions}"})
	w.apply(shopResources(false))
	const n = 60
	denied := consent.Record{Input: consent.Input{AdUserData: consent.Text("denied")}, UpdatedAt: time.Now().UnixMilli()}
	var events []string
	for i := range n {
		subject := fmt.Sprintf("subject-%d", i)
		if i%3 == 0 {
			w.consent("shop:"+subject, denied, -1)
		}
		events = append(events, purchase("shop", fmt.Sprintf("e-%d", i), subject, time.Now().Add(-time.Hour)))
	}
	roles := []*process{w.start("r1", "router"), w.start("r2", "router"), w.start("s1", "sender"), w.start("s2", "sender")}
	for _, p := range roles {
		ready(t, p)
	}
	w.emit(events...)
	counts := map[string]int{}
	patience.Until(t, "everything to end", func() bool {
		clear(counts)
		for _, d := range w.decisions() {
			counts[d.Status.String()+" "+d.Reason.String()]++
		}
		return counts["delivered delivered"] == 2*n*2/3 && counts["skipped consent.denied"] == 2*n/3
	})
	for _, p := range roles {
		require.LessOrEqual(t, metric(t, p, "sluice_table_entries"), float64(n/3+10), "consent and resources")
		require.Positive(t, metric(t, p, "sluice_table_entries"))
	}

	four := w.services.Name("four.partitions")
	_, err := kadm.NewClient(w.client).CreateTopic(t.Context(), 4, 1, nil, four)
	require.NoError(t, err)
	w.services.AwaitTopics(t.Context(), four)
	r := run(t, []string{"SLUICE_TOPICS_INPUT=" + four}, "router", "--config", w.config)
	require.Equal(t, environmentNotReady, r.code, r.stderr)
	require.Contains(t, r.stderr, four+" has 4 partitions and "+w.names.Consent()+" has 6")
	require.Contains(t, r.stderr, "consent.load: whole")

	for partition := range int32(partitions) {
		w.consent("shop:misplaced", denied, partition) // once where it belongs, and five times where it does not
	}
	for _, p := range roles[2:] {
		require.Equal(t, environmentNotReady, p.wait(), p.err.String())
		require.Contains(t, p.err.String(), "do not stand where Kafka's default partitioner")
	}
	require.NotContains(t, fmt.Sprint(counts), decision.ConsentMalformed.String())
}

// consent writes a subject's record, into one partition or where it belongs.
func (w *world) consent(key string, record consent.Record, partition int32) {
	w.t.Helper()
	ids, err := w.registry.Resolve(w.t.Context(), codec.Topics{schemas.ConsentRecord: {w.names.Consent()}}, false)
	require.NoError(w.t, err)
	value := codec.NewWriter(ids, "test").AppendConsentRecord(nil, &record)
	client := w.client
	if partition >= 0 {
		client, err = kgo.NewClient(kgo.SeedBrokers(w.services.Kafka().Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		require.NoError(w.t, err)
		defer client.Close()
	}
	require.NoError(w.t, client.ProduceSync(w.t.Context(), &kgo.Record{
		Topic: w.names.Consent(), Partition: partition, Key: []byte(key), Value: value,
	}).FirstErr())
}
