package table_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
	"github.com/sluicehq/sluice/test/place"
)

// TestOnServices runs what the tests in virtual time prove on sockets and the
// real clock as well: an embedded broker by default, and a real one where the
// environment names it (make test-real).
func TestOnServices(t *testing.T) {
	t.Parallel()
	compacted := append(append([]embedded.Topic{}, topics[:3]...), embedded.Topic{Name: "sluice.consent", Partitions: 3, Configs: map[string]string{"cleanup.policy": "compact"}})
	for name, c := range map[string]struct {
		topics []embedded.Topic
		run    func(b *bench)
	}{
		"read to the end and followed":  {topics, readAndFollow},
		"a view of now":                 {topics, seeWhatWasJustWritten},
		"made anew":                     {topics, makeAnew},
		"equal to the fold":             {compacted, equalTheFold},
		"read again after a restart":    {topics, restart},
		"a log that begins at its end":  {topics, beginAtTheEnd},
		"by partition":                  {topics, readOnePartition},
		"another number of partitions":  {topics, refuseCountAlone},
		"a topic that is made too late": {topics[:3], makeTooLate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{t: t, place: place.Open(t, embedded.Config{Topics: c.topics})}
			b.services, b.names = b.place, b.place.Names()
			b.setUp(b.place.Name("sluice-tables"))
			c.run(b)
			if b.tables != nil {
				b.stop()
				return
			}
			b.close()
		})
	}
}

// viewOfNow has everything that was written so far.
func (b *bench) viewOfNow() *table.View {
	b.t.Helper()
	ctx, cancel := patience.Context(b.t)
	defer cancel()
	select {
	case <-b.tables.Ready(): // a view of before the first reading would be void
	case <-ctx.Done():
	}
	v, err := b.tables.AwaitSince(ctx, time.Now())
	require.NoError(b.t, err)
	view, ok := v.(*table.View)
	require.True(b.t, ok)
	return view
}

// until looks again and again until ok holds.
func (b *bench) until(ok func() bool, about string) {
	b.t.Helper()
	patience.Until(b.t, about, ok)
}

// remake deletes the consent topic and makes it again, empty.
func (b *bench) remake() {
	b.t.Helper()
	client := b.open()
	defer client.Close()
	admin := kadm.NewClient(client)
	_, err := admin.DeleteTopics(b.t.Context(), b.topic("consent"))
	require.NoError(b.t, err)
	b.make(admin, 3)
}

// make makes the consent topic; a real cluster may still be deleting another
// of its name.
func (b *bench) make(admin *kadm.Client, partitions int32) {
	b.t.Helper()
	b.until(func() bool {
		made, err := admin.CreateTopic(b.t.Context(), partitions, -1, nil, b.topic("consent"))
		return err == nil && made.Err == nil
	}, "the topic is made")
	if b.place != nil {
		b.place.AwaitTopics(b.t.Context(), b.topic("consent"))
	}
}

// I12: the table of a topic that is written and deleted from at random equals
// the fold of what a reader of its own finds there, whatever the order of its
// partitions; so does that of whoever begins later.
func TestATableEqualsTheFoldOfItsTopic(t *testing.T) { bubble(t, equalTheFold, topics...) }

func equalTheFold(b *bench) {
	b.start() // its clients are not ours, and do not matter here
	follow := func() (*table.ConsentTable, *table.Follower, func()) {
		sink := table.NewConsentTable(decodeConsent)
		f := table.NewFollower(table.FollowerConfig{Name: "fold", Topics: []string{b.topic("consent")}, Kafka: b.services.Kafka()}, sink, nil)
		ctx, cancel := context.WithCancel(b.t.Context())
		var running sync.WaitGroup
		running.Go(func() { require.NoError(b.t, f.Run(ctx)) })
		return sink, f, func() { cancel(); running.Wait() }
	}
	early, first, end := follow()
	defer end()
	for round := range 5 {
		var triples []string
		for i := range 40 {
			value := fmt.Sprintf("%s %d", []string{"granted", "denied", "bad"}[(i+round)%3], round+1)
			if (i*7+round)%5 == 0 {
				value = "-"
			}
			triples = append(triples, "consent", fmt.Sprint("acme:s", (i*(round+3))%60), value)
		}
		b.write([]kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort}[round%4/3], triples...)
	}
	late, second, endLate := follow()
	defer endLate()
	for _, f := range []*table.Follower{first, second} {
		_, err := f.AwaitSince(b.t.Context(), time.Now())
		require.NoError(b.t, err)
	}
	fold, records := b.fold()
	entries, _ := fold.Size()
	require.Greater(b.t, records, entries)
	require.Positive(b.t, entries)
	require.Equal(b.t, fold.Checksum(), early.Checksum())
	require.Equal(b.t, fold.Checksum(), late.Checksum())
	v := b.view()
	for i := range 60 {
		subject := identity.NewRaw(fmt.Sprint("s", i))
		want, had := fold.Get("acme", subject)
		have, has := v.Consent("acme", subject)
		require.Equal(b.t, had, has)
		require.Equal(b.t, want, have)
	}
}

// fold reads the consent topic with a plain client.
func (b *bench) fold() (*table.ConsentTable, int) {
	b.t.Helper()
	x, seen := table.NewConsentTable(decodeConsent), 0
	client := b.open(append(kafka.ReaderOptions(kafka.Earliest()), kgo.ConsumeTopics(b.topic("consent")), kgo.KeepControlRecords())...)
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(b.t.Context(), b.topic("consent"))
	require.NoError(b.t, err)
	next := map[int32]int64{}
	for done := false; !done; {
		fetches := client.PollFetches(b.t.Context())
		require.NoError(b.t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			next[r.Partition] = r.Offset + 1
			if !r.Attrs.IsControl() {
				seen++
				_ = x.Apply(b.t.Context(), r) // a bad one denies, and is an error
			}
		})
		done = true
		ends.Each(func(o kadm.ListedOffset) { done = done && next[o.Partition] >= o.Offset })
	}
	return x, seen
}

// Tables that are started again know what those before them knew, also what is
// in partitions that were added meanwhile.
func TestTablesThatAreStartedAgain(t *testing.T) { bubble(t, restart, topics...) }

func restart(b *bench) {
	b.write(kgo.TryCommit, "destinations", "acme-meta", "acme", "mappings", "acme-meta/m", "cart.added", "consent", "acme:s1", "granted 1")
	b.start()
	before := b.view()
	close(b.drain)
	require.NoError(b.t, <-b.ended)

	client := b.open()
	_, err := kadm.NewClient(client).CreatePartitions(b.t.Context(), 3, b.topic("consent")) // 3 more
	require.NoError(b.t, err)
	client.Close()
	if b.place != nil {
		b.place.AwaitTopics(b.t.Context(), b.topic("consent"))
	}
	plain := b.open(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer plain.Close()
	require.NoError(b.t, plain.ProduceSync(b.t.Context(), &kgo.Record{
		Topic: b.topic("consent"), Partition: 5, Key: []byte("acme:s2"), Value: []byte("granted 1"),
	}).FirstErr())

	b.drain = make(chan struct{})
	b.again(0)
	b.start()
	after := b.view()
	require.Equal(b.t, before.Resources().Version(), after.Resources().Version())
	require.Len(b.t, after.Resources().Match("acme", "cart.added"), 1)
	require.Equal(b.t, consent.Granted, granted(after, "s1"))
	require.Equal(b.t, consent.Granted, granted(after, "s2"))
}

// What retention has removed is no reason to wait: a log that begins at its
// end is an empty table, and is followed.
func TestALogThatBeginsAtItsEnd(t *testing.T) { bubble(t, beginAtTheEnd, topics...) }

func beginAtTheEnd(b *bench) {
	b.write(kgo.TryCommit, "consent", "acme:s1", "granted 1", "consent", "acme:s2", "granted 1", "consent", "acme:s3", "granted 1")
	client := b.open()
	defer client.Close()
	admin := kadm.NewClient(client)
	ends, err := admin.ListEndOffsets(b.t.Context(), b.topic("consent"))
	require.NoError(b.t, err)
	_, err = admin.DeleteRecords(b.t.Context(), ends.Offsets())
	require.NoError(b.t, err)
	b.start()
	require.Equal(b.t, consent.NotGiven, granted(b.view(), "s1"))
	b.write(kgo.TryCommit, "consent", "acme:s1", "denied 2")
	require.Equal(b.t, consent.Denied, granted(b.view(), "s1"))
}

// readOnePartition is the part of TestConsentByPartition that needs no hours.
func readOnePartition(b *bench) {
	b.again(3)
	here, there := in(1, 5), in(2, 4)
	b.grants(append(append([]string{}, here...), there...)...)
	b.start()
	<-b.tables.Ready()
	require.Zero(b.t, b.memory().Entries, "nobody has asked")
	first := b.view()
	require.Equal(b.t, consent.Denied, granted(first, here[0]), "fails closed")
	require.ErrorIs(b.t, first.Err(), table.ErrLoading)
	next := b.view()
	require.Equal(b.t, consent.Granted, granted(next, here[0]))
	require.Equal(b.t, len(here), b.memory().Entries)
	require.Equal(b.t, 1, b.memory().Partitions)
}

func TestOnePartitionIsRead(t *testing.T) { bubble(t, readOnePartition, topics...) }

// refuseCountAlone ends with the refusal; there is nothing to stop.
func refuseCountAlone(b *bench) {
	refuseTheCount(b)
	b.tables = nil
}

// makeTooLate is a start before the topics are there: who waits is told, and
// it goes on by itself.
func makeTooLate(b *bench) {
	b.start()
	ctx, cancel := context.WithTimeout(b.t.Context(), 2*time.Second)
	defer cancel()
	_, err := b.tables.AwaitSince(ctx, time.Now())
	require.ErrorContains(b.t, err, "consent")
	client := b.open()
	defer client.Close()
	b.make(kadm.NewClient(client), 1)
	b.write(kgo.TryCommit, "consent", "acme:s1", "granted 1")
	if b.place == nil {
		time.Sleep(2 * time.Minute)
		synctest.Wait()
	}
	require.Equal(b.t, consent.Granted, granted(b.viewOfNow(), "s1"))
}

func TestATopicThatIsMadeTooLate(t *testing.T) { bubble(t, makeTooLate, topics[:3]...) }
