package table_test

import (
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/table"
)

// standing is where the client library, as everybody's, puts a key.
func standing(key string, n int) int {
	return kgo.StickyKeyPartitioner(nil).ForTopic("").Partition(&kgo.Record{Key: []byte(key)}, n)
}

// in gives subjects whose records stand in one partition of three.
func in(partition, n int) (subjects []string) {
	for i := 0; len(subjects) < n; i++ {
		if s := fmt.Sprint("s", i); standing("acme:"+s, 3) == partition {
			subjects = append(subjects, s)
		}
	}
	return subjects
}

func (b *bench) grants(subjects ...string) {
	var triples []string
	for _, s := range subjects {
		triples = append(triples, "consent", "acme:"+s, "granted 1")
	}
	b.write(kgo.TryCommit, triples...)
}

func (b *bench) memory() table.Status { return b.tables.Status()[1] }

// I7, I12: consent is kept for the partitions that are asked about and for no
// others. A view that does not have a subject's partition denies and is void;
// the next one has it. Partitions that nobody asks about any more go.
func TestConsentByPartition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, topics...)
		b.again(3)
		here, there := in(1, 5), in(2, 4)
		b.grants(append(append([]string{}, here...), there...)...)
		b.start()
		<-b.tables.Ready()
		ask := func(subject string) (consent.State, error) {
			v, err := b.tables.Await(t.Context())
			require.NoError(t, err)
			s, _ := v.Consent("acme", identity.NewRaw(subject))
			return s.Said, v.Err()
		}
		require.Zero(t, b.memory().Entries, "nobody has asked")

		said, err := ask(here[0])
		require.ErrorIs(t, err, table.ErrLoading)
		require.Equal(t, consent.Denied, said.Get(consent.AdUserData), "fails closed")
		said, err = ask(here[0])
		require.NoError(t, err)
		require.Equal(t, consent.Granted, said.Get(consent.AdUserData))
		require.Equal(t, len(here), b.memory().Entries)
		require.Equal(t, 1, b.memory().Partitions)
		require.Equal(t, 3, b.memory().Of)
		require.True(t, b.memory().Ready)

		b.write(kgo.TryCommit, "consent", "acme:"+here[1], "denied 2")
		time.Sleep(5 * time.Second)
		said, err = ask(here[1])
		require.NoError(t, err)
		require.Equal(t, consent.Denied, said.Get(consent.AdUserData), "followed")

		_, err = ask(there[0])
		require.ErrorIs(t, err, table.ErrLoading)
		_, err = ask(there[0])
		require.NoError(t, err)
		require.Equal(t, len(here)+len(there), b.memory().Entries)

		stale, err := b.tables.Await(t.Context())
		require.NoError(t, err)
		for range 40 { // one is asked about all the time, the other never again
			time.Sleep(time.Minute)
			_, err = ask(here[0])
			require.NoError(t, err)
		}
		require.Equal(t, len(here), b.memory().Entries)
		require.Error(t, stale.Err())
		_, err = ask(there[0])
		require.ErrorIs(t, err, table.ErrLoading, "it may be asked about again")
		b.stop()
	})
}

// A topic that another partitioner has written is refused, and the refusal
// says which: looking in the wrong partition would find nobody's word.
func TestConsentWrittenByAnotherPartitionerIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		place func(key string) int
		says  string
	}{
		"librdkafka":  {func(key string) int { return int(crc32.ChecksumIEEE([]byte(key)) % 3) }, "CRC32"},
		"Sarama":      {func(key string) int { return fnvPlace(key, 3) }, "FNV-1a"},
		"one record":  {func(key string) int { return (standing(key, 3) + map[string]int{"acme:s7": 1}[key]) % 3 }, "do not stand where"},
		"round robin": {func(key string) int { return len(key) % 3 }, "do not stand where"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, topics...)
				b.again(3)
				client := b.open(kgo.RecordPartitioner(kgo.ManualPartitioner()))
				for i := range 300 {
					key := fmt.Sprint("acme:s", i)
					require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{
						Topic: "sluice.consent", Partition: int32(test.place(key)), Key: []byte(key), Value: []byte("granted 1"),
					}).FirstErr())
				}
				client.Close()
				b.start()
				<-b.tables.Ready()
				v, err := b.tables.Await(t.Context())
				require.NoError(t, err)
				for i := range 30 {
					v.Consent("acme", identity.NewRaw(fmt.Sprint("s", i)))
				}
				require.ErrorIs(t, v.Err(), table.ErrLoading)
				_, err = b.tables.Await(t.Context())
				require.ErrorContains(t, err, test.says)
				err = <-b.ended
				require.ErrorContains(t, err, "consent.load: whole")
				var wrong *table.PlacementError
				require.ErrorAs(t, err, &wrong)
				require.Positive(t, wrong.Misplaced)
				b.close()
			})
		})
	}
}

// A topic whose number of partitions has changed is refused: murmur2 puts the
// same subject elsewhere now.
func TestAnotherNumberOfPartitionsIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, topics...)
		refuseTheCount(b)
		b.close()
	})
}

func refuseTheCount(b *bench) {
	b.again(4)
	b.start()
	<-b.tables.Ready()
	v, err := b.tables.Await(b.t.Context())
	require.NoError(b.t, err)
	v.Consent("acme", identity.NewRaw("s1"))
	require.ErrorContains(b.t, <-b.ended, "has 3 partitions and had 4")
}

// The hash is the client library's, for every length of key.
func TestPlacesAreTheClients(t *testing.T) {
	t.Parallel()
	key := ""
	for i := range 300 {
		for _, n := range []int{1, 2, 3, 12, 64, 1000} {
			require.Equal(t, standing("k"+key, n), table.PartitionOf([]byte("k"+key), n))
		}
		key += string(rune(i))
	}
}

// fnvPlace is Sarama's default placement.
func fnvPlace(key string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // never fails
	p := int32(h.Sum32()) % int32(n)
	if p < 0 {
		p = -p
	}
	return int(p)
}
