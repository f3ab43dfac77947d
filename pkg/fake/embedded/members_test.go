package embedded_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// A member that dies while a rebalance is being prepared leaves the group
// within the session timeout, and one that lives stays in it. TestOnServices
// plays the same on Kafka.
func TestMembersWaitAndDieAsOnKafka(t *testing.T) {
	t.Parallel()
	for _, scene := range []struct {
		name string
		play func(*testing.T, *stage)
	}{
		{"killed while it waits for its JoinGroup", killedWhileItJoins},
		{"waits longer than its session", waitsLongerThanItsSession},
		{"waits for a leader that was killed", waitsForALeaderThatWasKilled},
		{"leaves while it waits for its SyncGroup", leavesWhileItSyncs},
		{"is replaced while it waits for its SyncGroup", replacedWhileItSyncs},
	} {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				services, err := embedded.Start(t.Context(), embedded.Config{Virtual: true})
				require.NoError(t, err)
				defer func() { require.NoError(t, services.Close()) }()
				s := &stage{t: t, name: "group", session: 10 * time.Second, dial: services.Kafka().Dialer, address: services.Kafka().Brokers[0], exact: true}
				defer s.close()
				scene.play(t, s)
			})
		})
	}
}

func killedWhileItJoins(t *testing.T, s *stage) {
	t.Helper()
	a := s.peer()
	a.settle()
	for range 6 {
		b := s.peer()
		b.asksToJoin()
		a.beatUntil(kerr.RebalanceInProgress)
		b.die()
	}
	require.NoError(t, a.joins())
	require.Len(t, a.joined.Members, 7, "six are dead, but nobody knows")
	require.NoError(t, a.syncs())
	began := time.Now()
	a.beatUntil(kerr.RebalanceInProgress)
	s.within(began, s.session)
	require.NoError(t, a.joins())
	require.Len(t, a.joined.Members, 1)
	require.NoError(t, a.syncs())
}

func waitsLongerThanItsSession(t *testing.T, s *stage) {
	t.Helper()
	a, b, c := s.peer(), s.peer(), s.peer()
	s.pair(a, b)
	c.asksToJoin()
	b.beatUntil(kerr.RebalanceInProgress)
	b.asksToJoin()
	for began := time.Now(); time.Since(began) < 2*s.session; {
		a.beatUntil(kerr.RebalanceInProgress)
		time.Sleep(s.session / 5)
	}
	a.asksToJoin()
	require.NoError(t, a.isJoined())
	require.NoError(t, b.isJoined(), "who waits does not need to send heartbeats")
	require.NoError(t, c.isJoined())
	require.Len(t, a.joined.Members, 3)
}

func waitsForALeaderThatWasKilled(t *testing.T, s *stage) {
	t.Helper()
	a, others := s.peer(), []*peer{s.peer(), s.peer(), s.peer(), s.peer(), s.peer(), s.peer()}
	a.settle()
	for _, b := range others {
		b.asksToJoin()
	}
	a.beatUntil(kerr.RebalanceInProgress)
	require.NoError(t, a.joins())
	for _, b := range others {
		require.NoError(t, b.isJoined())
		require.Equal(t, a.id, b.joined.LeaderID)
		b.asksToSync()
	}
	a.die()
	began := time.Now()
	for _, b := range others {
		require.ErrorIs(t, b.isSynced(), kerr.RebalanceInProgress)
		s.within(began, s.session)
		b.asksToJoin()
	}
	for _, b := range others {
		require.NoError(t, b.isJoined())
	}
	for _, b := range others {
		b.asksToSync()
	}
	for _, b := range others {
		require.NoError(t, b.isSynced())
	}
}

func leavesWhileItSyncs(t *testing.T, s *stage) {
	t.Helper()
	a, b := s.peer(), s.peer()
	a.settle()
	b.asksToJoin()
	a.beatUntil(kerr.RebalanceInProgress)
	require.NoError(t, a.joins())
	require.NoError(t, b.isJoined())
	b.asksToSync()
	leaving := s.peer()
	leaving.asksToLeave(b.id)
	began := time.Now()
	if err := a.syncs(); err != nil {
		require.ErrorIs(t, err, kerr.RebalanceInProgress)
	} else {
		a.beatUntil(kerr.RebalanceInProgress)
	}
	require.NoError(t, leaving.hasLeft())
	require.NoError(t, a.joins())
	require.Len(t, a.joined.Members, 1)
	require.Less(t, time.Since(began), rebalanceTimeout, "nobody is waited for who is not there")
}

func replacedWhileItSyncs(t *testing.T, s *stage) {
	t.Helper()
	a, b, next := s.peer(), s.static("b"), s.static("b")
	a.settle()
	b.asksToJoin()
	a.beatUntil(kerr.RebalanceInProgress)
	require.NoError(t, a.joins())
	require.NoError(t, b.isJoined())
	b.asksToSync()
	began := time.Now()
	next.asksToJoin()
	if err := a.syncs(); err != nil {
		require.ErrorIs(t, err, kerr.RebalanceInProgress)
		require.NoError(t, a.joins())
	}
	require.NoError(t, next.isJoined())
	require.NotEqual(t, b.id, next.id)
	require.Less(t, time.Since(began), rebalanceTimeout, "nobody is waited for who is not there")
}

// The group of a member that waits may get another coordinator: its heartbeats
// follow.
func TestAMemberWaitsWhileItsCoordinatorMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		services, err := embedded.Start(t.Context(), embedded.Config{Virtual: true, Brokers: 3})
		require.NoError(t, err)
		defer func() { require.NoError(t, services.Close()) }()
		coordinator := func() string { return services.Kafka().Brokers[services.Cluster().CoordinatorFor("group")] }
		s := &stage{t: t, name: "group", session: 10 * time.Second, dial: services.Kafka().Dialer, address: coordinator(), exact: true}
		defer s.close()
		a, b, c := s.peer(), s.peer(), s.peer()
		s.pair(a, b)
		c.asksToJoin()
		b.beatUntil(kerr.RebalanceInProgress)
		b.asksToJoin()
		for coordinator() == s.address {
			services.Cluster().RehashCoordinators()
		}
		s.address = coordinator()
		moved := s.peer()
		moved.id, moved.generation = a.id, a.generation
		for began := time.Now(); time.Since(began) < 2*s.session; {
			moved.beatUntil(kerr.RebalanceInProgress)
			time.Sleep(s.session / 5)
		}
		require.NoError(t, moved.joins())
		require.NoError(t, b.isJoined())
		require.NoError(t, c.isJoined())
	})
}
