package table_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/place"
)

// provider takes everything.
type provider struct{ resource.Provider }

func (provider) Name() string                { return "meta" }
func (provider) Supported() decision.KindSet { return decision.Kinds(decision.KindEmail) }
func (provider) Needs() consent.Needs        { return consent.Needs{Purposes: consent.AdUserData} }

func (provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	return account("meta:" + d.ID), nil
}

type account string

func (a account) Fingerprint() string { return string(a) }

func (account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	return target(m.ProviderEvent), nil
}

type target string

func (t target) Key() string { return string(t) }

// The values of the resource topics in these tests: customer, or event.
func decoders() table.Decoders {
	return table.Decoders{
		Destination: func(_ context.Context, value []byte, dst *resource.Destination) error {
			if string(value) == "bad" {
				return &codec.DecodeError{Reason: decision.EventUndecodable, Detail: "test"}
			}
			*dst = resource.Destination{ID: "acme-meta", Customer: string(value), Provider: "meta", Consent: resource.ConsentSpec{Policy: "default"}}
			return nil
		},
		Mapping: func(_ context.Context, value []byte, dst *resource.Mapping) error {
			*dst = resource.Mapping{Name: "m", DestinationID: "acme-meta", SourceEvent: string(value), ProviderEvent: "Purchase", Enabled: true}
			return nil
		},
		Policy:  func(_ context.Context, _ []byte, dst *consent.Policy) error { dst.ID = "p"; return nil },
		Consent: decodeConsent,
	}
}

// services say where the broker is.
type services interface{ Kafka() kafka.Config }

// bench is running tables beside a broker, all in one bubble or, with a place,
// on sockets and the real clock.
type bench struct {
	t        *testing.T
	services services
	inside   *embedded.Services // nil on sockets
	place    *place.Place       // nil in a bubble
	names    topology.Names
	tables   *table.Tables
	client   *kgo.Client
	drain    chan struct{}
	ended    chan error
}

var topics = []embedded.Topic{
	{Name: "sluice.destinations"}, {Name: "sluice.mappings"}, {Name: "sluice.policies"}, {Name: "sluice.consent", Partitions: 3},
}

func setup(t *testing.T, create ...embedded.Topic) *bench {
	t.Helper()
	inside, err := embedded.Start(t.Context(), embedded.Config{Virtual: true, Topics: create})
	require.NoError(t, err)
	b := &bench{t: t, services: inside, inside: inside}
	b.setUp("test")
	return b
}

func (b *bench) setUp(id string) {
	b.drain, b.ended = make(chan struct{}), make(chan error, 1)
	b.client = b.open(kgo.TransactionalID(id))
	b.again(0)
}

// again makes tables anew, as after a restart; consent is read by partition
// where its number of partitions is given.
func (b *bench) again(partitions int) {
	b.tables = table.New(table.Config{Kafka: b.services.Kafka(), Topics: b.names, ConsentPartitions: partitions}, table.Deps{
		Resources: resource.Installation{Providers: map[string]resource.Provider{"meta": provider{}}}, Decode: decoders(),
	})
}

func (b *bench) open(more ...kgo.Opt) *kgo.Client {
	opts, err := kafka.Options(b.services.Kafka())
	require.NoError(b.t, err)
	client, err := kgo.NewClient(append(opts, more...)...)
	require.NoError(b.t, err)
	return client
}

// bubble runs a scenario in virtual time.
func bubble(t *testing.T, scenario func(b *bench), create ...embedded.Topic) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, create...)
		defer b.stop()
		scenario(b)
	})
}

func (b *bench) start() {
	go func() { b.ended <- b.tables.Run(b.t.Context(), b.drain) }()
}

func (b *bench) stop() {
	close(b.drain)
	require.NoError(b.t, <-b.ended)
	b.close()
}

func (b *bench) close() {
	b.client.Close()
	if b.inside != nil {
		require.NoError(b.t, b.inside.Close())
	}
}

// topic is the name of one of the tables' topics.
func (b *bench) topic(last string) string {
	return cmp.Or(b.names.Prefix, topology.DefaultPrefix) + "." + last
}

// write writes topic, key and value triples in one transaction. The value -
// is a tombstone.
func (b *bench) write(commit kgo.TransactionEndTry, triples ...string) {
	b.t.Helper()
	require.NoError(b.t, b.client.BeginTransaction())
	for i := 0; i < len(triples); i += 3 {
		r := &kgo.Record{Topic: b.topic(triples[i]), Key: []byte(triples[i+1])}
		if triples[i+2] != "-" {
			r.Value = []byte(triples[i+2])
		}
		require.NoError(b.t, b.client.ProduceSync(b.t.Context(), r).FirstErr())
	}
	require.NoError(b.t, b.client.EndTransaction(b.t.Context(), commit))
}

// view waits until everything written so far must be visible.
func (b *bench) view() *table.View {
	b.t.Helper()
	if b.place != nil {
		return b.viewOfNow()
	}
	time.Sleep(table.MaxAge + time.Second)
	v, err := b.tables.Await(b.t.Context())
	require.NoError(b.t, err)
	view, ok := v.(*table.View)
	require.True(b.t, ok)
	return view
}

func granted(v *table.View, subject string) consent.Purpose {
	s, _ := v.Consent("acme", identity.NewRaw(subject))
	return s.Said.Get(consent.AdUserData)
}

func TestTablesAreReadToTheEndAndFollowed(t *testing.T) { bubble(t, readAndFollow, topics...) }

func readAndFollow(b *bench) {
	b.write(kgo.TryCommit, "destinations", "acme-meta", "acme", "mappings", "acme-meta/m", "transaction.purchase",
		"consent", "acme:s1", "granted 1", "consent", "acme:s2", "granted 1")
	// An aborted transaction at the end: its records count for nothing, and
	// its marker must not keep the table from its end.
	b.write(kgo.TryAbort, "destinations", "acme-meta", "intruder", "consent", "acme:s1", "denied 2")
	b.start()

	v := b.view()
	<-b.tables.Ready()
	routes := v.Resources().Match("acme", "transaction.purchase")
	require.Len(b.t, routes, 1)
	require.Empty(b.t, routes[0].Invalid)
	require.Empty(b.t, v.Resources().Match("intruder", "transaction.purchase"))
	require.Equal(b.t, consent.Granted, granted(v, "s1"))

	b.write(kgo.TryCommit, "consent", "acme:s1", "denied 3", "consent", "acme:s2", "-")
	b.write(kgo.TryCommit, "mappings", "acme-meta/m", "cart.added", "destinations", "acme-meta", "bad")
	next := b.view()
	require.Equal(b.t, consent.Denied, granted(next, "s1"))
	require.Equal(b.t, consent.NotGiven, granted(next, "s2"))
	require.Len(b.t, next.Resources().Match("acme", "cart.added"), 1, "the last good destination stays")
	require.NotEqual(b.t, v.Resources().Version(), next.Resources().Version())
	require.Len(b.t, v.Resources().Match("acme", "transaction.purchase"), 1, "a set never changes")

	status := b.tables.Status()
	require.True(b.t, status[0].Ready)
	require.EqualValues(b.t, 1, status[0].Bad, "read once: nothing made it start over")
	require.Equal(b.t, 1, status[1].Entries)
	_, problems := b.tables.Resources()
	require.Len(b.t, problems, 1)
	require.Equal(b.t, "Destination/acme-meta", problems[0].Resource)
}

// A view of now has what was written a moment before, which a view that is only
// young enough does not.
func TestAViewOfNowHasWhatWasJustWritten(t *testing.T) { bubble(t, seeWhatWasJustWritten, topics...) }

func seeWhatWasJustWritten(b *bench) {
	b.start()
	b.view()
	for version, word := range []string{"granted", "denied", "granted", "denied"} {
		b.write(kgo.TryCommit, "consent", "acme:s1", word+" "+strconv.Itoa(version+1))
		began := time.Now()
		v, err := b.tables.AwaitSince(b.t.Context(), began)
		require.NoError(b.t, err)
		s, ok := v.Consent("acme", identity.NewRaw("s1"))
		require.True(b.t, ok)
		require.Equal(b.t, word == "granted", s.Said.Get(consent.AdUserData) == consent.Granted)
		if b.place == nil { // sockets on a busy machine take their time
			require.Less(b.t, time.Since(began), time.Second, "the ends are asked for every half second")
		}
	}
}

func TestViewExpiresAndAwaitHoldsWhileTheEndIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, topics...)
		defer b.stop()
		b.write(kgo.TryCommit, "consent", "acme:s1", "granted 1")
		b.start()
		v := b.view()
		require.NoError(t, v.Err())

		var down atomic.Bool
		down.Store(true)
		b.inside.Cluster().ControlKey(int16(kmsg.ListOffsets), func(kmsg.Request) (kmsg.Response, error, bool) {
			b.inside.Cluster().KeepControl()
			if !down.Load() {
				return nil, nil, false
			}
			return nil, errors.New("test: down"), true
		})
		time.Sleep(table.MaxAge + time.Second)
		require.ErrorIs(t, v.Err(), table.ErrExpired)
		s, ok := v.Consent("acme", identity.NewRaw("s1"))
		require.True(t, ok)
		require.NotEqual(t, consent.WellFormed, s.Malformed, "a stale answer denies")

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := b.tables.Await(ctx)
		var stale *table.StaleError
		require.ErrorAs(t, err, &stale)
		require.Contains(t, err.Error(), "asking for the end of table")
		require.False(t, b.tables.Status()[1].Ready)

		down.Store(false)
		require.Equal(t, consent.Granted, granted(b.view(), "s1"))
	})
}

func TestMissingTopicIsNamedAndAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, topics[:3]...)
		defer b.stop()
		b.start()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := b.tables.Await(ctx)
		require.Error(t, err)
		require.Contains(t, err.Error(), "consent")
		require.True(t, strings.Contains(err.Error(), "sluice topology apply") || strings.Contains(err.Error(), "UNKNOWN_TOPIC"), err.Error())

		require.NoError(t, b.inside.Cluster().CreateTopic("sluice.consent", 1, nil))
		time.Sleep(2 * time.Minute)
		b.write(kgo.TryCommit, "consent", "acme:s1", "granted 1")
		require.Equal(t, consent.Granted, granted(b.view(), "s1"))
	})
}

// A topic that is made anew is read anew, and whoever holds a view meanwhile
// is denied instead of told that nobody said anything.
func TestTopicMadeAnewIsReadAnew(t *testing.T) { bubble(t, makeAnew, topics...) }

func makeAnew(b *bench) {
	b.write(kgo.TryCommit, "consent", "acme:s1", "granted 1", "consent", "acme:s2", "denied 1")
	b.start()
	b.view()
	v := b.view() // what was read was compared with an answer of before
	require.Equal(b.t, consent.Denied, granted(v, "s2"))

	b.remake()
	if b.place == nil {
		time.Sleep(2 * time.Minute)
	}
	b.until(func() bool { return v.Err() != nil }, "the view is void")
	require.Equal(b.t, consent.Denied, granted(v, "s2"))

	again := b.view()
	require.Equal(b.t, consent.NotGiven, granted(again, "s1"), "what the new topic does not say is not remembered")
}

// Records of a consent topic whose schema nobody registered deny and hold
// nobody: neither the others, nor a start. One whose schema becomes known later
// is read then, unless its key was written again.
func TestUnknownSchemasHoldNoTable(t *testing.T) { bubble(t, holdNoTable, topics...) }

func holdNoTable(b *bench) {
	never, soon := strconv.FormatInt(1<<40, 10), strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10)
	var storm []string
	for i := range 1000 {
		storm = append(storm, "consent", fmt.Sprint("acme:x", i), "unknown "+never)
	}
	b.write(kgo.TryCommit, storm[:3*900]...)
	b.write(kgo.TryCommit, "consent", "acme:late", "unknown "+soon, "consent", "acme:again", "unknown "+soon, "consent", "acme:good", "granted 1")
	b.start()
	began := time.Now()
	<-b.tables.Ready()
	require.Less(b.t, time.Since(began), 5*time.Second, "of virtual time")

	b.write(kgo.TryCommit, storm[3*900:]...)
	b.write(kgo.TryCommit, "consent", "acme:again", "denied 1800000000000")
	v := b.view()
	require.Equal(b.t, consent.Granted, granted(v, "good"))
	for _, subject := range []string{"x0", "x999", "late"} {
		s, found := v.Consent("acme", identity.NewRaw(subject))
		require.True(b.t, found, subject)
		require.NotEqual(b.t, consent.WellFormed, s.Malformed, "%s: what cannot be read denies", subject)
	}
	time.Sleep(3 * time.Minute)
	v = b.view()
	require.Equal(b.t, consent.Granted, granted(v, "late"))
	require.Equal(b.t, consent.Denied, granted(v, "again"))
}
