package e2e_test

import (
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// ghosts lets groups forget processes that were killed while they waited for
// an answer to JoinGroup or SyncGroup. A broker starts a member's session with
// that answer whether it arrives or not; kfake only if it arrives, so that such
// a member keeps its partitions for ever. Everybody else's session times out
// as it should: nobody is helped before it is two seconds overdue.
type ghosts struct {
	w      *world
	killed map[string]time.Time // by client id
	looked time.Time
}

func (g *ghosts) died(clientID string) {
	g.killed[clientID] = time.Now()
}

// lay looks once a second.
func (g *ghosts) lay() {
	t := g.w.t
	t.Helper()
	if time.Since(g.looked) < time.Second {
		return
	}
	g.looked = time.Now()
	described, err := kadm.NewClient(g.w.client).DescribeGroups(t.Context())
	require.NoError(t, err)
	for _, group := range described {
		for _, m := range group.Members {
			at, dead := g.killed[m.ClientID]
			if !dead || time.Since(at) < kafka.DefaultSessionTimeout+2*time.Second {
				continue
			}
			t.Logf("%s: %s, killed %.0f s ago, is still a member of %s", group.Group, m.ClientID, time.Since(at).Seconds(), group.State)
			leave := kmsg.NewPtrLeaveGroupRequest()
			leave.Group = group.Group
			member := kmsg.NewLeaveGroupRequestMember()
			member.MemberID = m.MemberID
			leave.Members = append(leave.Members, member)
			_, err := leave.RequestWith(t.Context(), g.w.client)
			require.NoError(t, err)
		}
	}
}
