package reader_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

func TestAGroupThatDoesNotExistHasCommittedNothing(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		got, err := reader.Committed(b.ctx(), b.admin, "nobody")
		require.NoError(b.t, err)
		require.Empty(b.t, got)
		// Kafka from 4.0 on (KIP-848) says so with an error.
		fault := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Group: "nobody", TopLevel: true, Err: kerr.GroupIDNotFound, Count: 1})
		defer fault.Remove()
		got, err = reader.Committed(b.ctx(), b.admin, "nobody")
		require.NoError(b.t, err)
		require.Empty(b.t, got)
		require.Equal(b.t, 1, fault.Hits())

		b.write(0, 4)
		offsets := kadm.Offsets{}
		offsets.AddOffset(topic, 0, 3, -1)
		require.NoError(b.t, b.admin.CommitAllOffsets(b.ctx(), "somebody", offsets))
		got, err = reader.Committed(b.ctx(), b.admin, "somebody")
		require.NoError(b.t, err)
		require.Equal(b.t, reader.Offsets{only: 3}, got)
	})
}

func TestQuestionsOutliveAMovingLeader(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 4)
		require.NoError(b.t, b.services.Cluster().DeleteRecords(topic, 0, 2))
		for name, ask := range map[string]func() (reader.Offsets, error){
			"2": func() (reader.Offsets, error) { return reader.Starts(b.ctx(), b.admin, topic) },
			"5": func() (reader.Offsets, error) { return reader.StableEnds(b.ctx(), b.admin, topic) },
			"6": func() (reader.Offsets, error) { return reader.WrittenEnds(b.ctx(), b.admin, topic) },
			"7": func() (reader.Offsets, error) {
				return reader.AtTime(b.ctx(), b.admin, time.Now().Add(time.Hour), topic)
			},
			"8": func() (reader.Offsets, error) { return reader.AtTime(b.ctx(), b.admin, time.UnixMilli(-5), topic) },
		} {
			want := map[string]int64{"2": 2, "5": 5, "6": 5, "7": 5, "8": 2}[name]
			fault := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: topic, Err: kerr.LeaderNotAvailable, Count: 12})
			got, err := ask()
			fault.Remove()
			require.NoError(b.t, err, name)
			require.Equal(b.t, reader.Offsets{only: want}, got, name)
		}
		fault := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
		defer fault.Remove()
		_, err := reader.Starts(b.ctx(), b.admin, topic)
		require.ErrorIs(b.t, err, kerr.TopicAuthorizationFailed)
		none, err := reader.Starts(b.ctx(), b.admin)
		require.NoError(b.t, err)
		require.Empty(b.t, none, "no topics are not all topics")
	})
}

func TestRangesCountOffsets(t *testing.T) {
	t.Parallel()
	require.Equal(t, int64(7), reader.Ranges{{Topic: "a"}: {From: 3, To: 10}, {Topic: "b"}: {From: 5, To: -1}}.Offsets())
}
