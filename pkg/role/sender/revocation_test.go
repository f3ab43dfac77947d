package sender_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// promised is how long after its record is readable no request may start that
// contains the subject.
const promised = 5 * time.Second

// somewhere is a place where a delivery waits.
type somewhere struct {
	lane decision.Lane
	// topic of a waiting place that the delivery is put into instead.
	topic string
	// paused: its destination is paused until just before it is looked at.
	paused bool
	// down: the provider is, until then.
	down bool
	// due is how long the delivery waits there.
	due time.Duration
}

func waitingPlaces(r *harness) map[string]somewhere {
	return map[string]somewhere{
		"realtime lane": {lane: decision.LaneRealtime, due: 3 * time.Minute, down: true},
		"batch lane":    {lane: decision.LaneBatch, due: 3 * time.Minute, down: true},
		"replay lane":   {lane: decision.LaneReplay, due: 3 * time.Minute, down: true},
		"retry 1m":      {topic: r.names.Retry("meta", "1m"), due: delays.Retry[0]},
		"retry 10m":     {topic: r.names.Retry("meta", "10m"), due: delays.Retry[1]},
		"retry 1h":      {topic: r.names.Retry("meta", "1h"), due: delays.Retry[2]},
		"parked":        {topic: r.names.Parked("meta"), due: 5 * time.Minute, paused: true},
	}
}

// delays are shorter than the real ones: the tables ask for their ends twice a
// second.
var delays = sender.Delays{Retry: [3]time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute}, Parked: 6 * time.Minute}

// I7: a subject's record stops what waits for it, wherever it waits, within
// five seconds of being readable. The real tables read it, and it is written
// exactly five seconds before the delivery could be sent. The neighbour of
// another subject shows that everything else would have gone.
func TestRevocationAndErasureReachEveryWaitingPlace(t *testing.T) {
	t.Parallel()
	records := map[string]struct {
		reason string
		record consent.Record
	}{
		"revoked": {"consent.revoked", consent.Record{Input: consent.Input{AdUserData: consent.Text("denied")}}},
		"erased":  {"consent.erased", consent.Record{Erased: true}},
	}
	for word, said := range records {
		for place := range waitingPlaces(&harness{}) {
			t.Run(word+"/"+place, func(t *testing.T) {
				bubble(t, 1, func(r *harness) { stops(r, waitingPlaces(r)[place], said.record, said.reason) })
			})
		}
	}
}

func stops(r *harness, at somewhere, record consent.Record, reason string) {
	text := strings.ReplaceAll(resources(1), "max_wait: 10s", "max_wait: 1s")
	tables := r.follow(text)
	began := time.Now()
	if at.down {
		require.NoError(r.t, r.box.Script(sandbox.Rule{Do: sandbox.Unavailable, Until: sandbox.Duration(at.due)}))
	}
	if at.paused {
		tables.apply(strings.Replace(text, "  active: true", "  active: true\n  paused: true", 1))
	}
	for _, id := range []string{"subject", "neighbour"} {
		r.route(0, "order", id, r.next(), func(d *decision.Delivery) { d.Lane = at.lane })
	}
	if at.topic != "" {
		r.put(r.names.Delivery("meta", at.lane), at.topic)
	}
	s := r.start(func(c *sender.Config, d *sender.Deps) { c.Delays, d.Tables = delays, tables })
	r.pass(at.due - promised - time.Since(began))
	tables.says("c0:s-subject", record)
	readable := time.Now()
	if at.paused {
		r.pass(promised)
		tables.apply(text)
	}
	r.awaitFor(2*time.Hour, func() bool { return r.counts()["delivered delivered"] == 1 && r.lag() == 0 }, "the neighbour is delivered")
	r.await(func() bool { return r.counts()["revoked "+reason] == 1 }, "the delivery ends")
	require.Zero(r.t, r.accepted(0, "Lead", "subject"))
	for i, e := range r.wire.requests() {
		if strings.Contains(e.Body, `"subject"`) {
			require.Less(r.t, r.wire.at(i).Sub(readable), promised)
		}
	}
	key := r.keys["subject"]
	require.Zero(r.t, r.redis.Exists(r.t.Context(), r.redisPrefix()+string(key[:])).Val(), "its claim is given back")
	r.stop(s)
	tables.stop()
}

// put moves everything of a lane to another topic, as it is.
func (r *harness) put(lane, topic string) {
	r.t.Helper()
	require.NotEmpty(r.t, r.read(lane))
	for _, record := range r.read(lane) {
		require.NoError(r.t, r.producer.Produce(r.t.Context(), &kgo.Record{Topic: topic, Key: record.Key, Value: record.Value, Headers: record.Headers}))
	}
	ends, err := r.admin.ListEndOffsets(r.t.Context(), lane)
	require.NoError(r.t, err)
	_, err = r.admin.DeleteRecords(r.t.Context(), ends.Offsets())
	require.NoError(r.t, err)
}
