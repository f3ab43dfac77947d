package embedded_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	rebalanceTimeout = time.Minute
	// patience is longer than everything that a group waits for.
	patience = 5 * rebalanceTimeout
)

// stage is a broker with one group.
type stage struct {
	t       *testing.T
	dial    func(ctx context.Context, network, host string) (net.Conn, error)
	address string // of the group's coordinator
	name    string // of the group
	session time.Duration
	exact   bool // time is virtual
	peers   []*peer
}

// peer is a client that has a connection and may be a member: bare requests,
// because a client of the library cannot be killed within this process.
type peer struct {
	s           *stage
	conn        net.Conn
	instance    *string
	id          string
	generation  int32
	correlation int32
	asked       kmsg.Request
	joined      *kmsg.JoinGroupResponse
}

func (s *stage) peer() *peer {
	conn, err := s.dial(s.t.Context(), "tcp", s.address)
	require.NoError(s.t, err)
	p := &peer{s: s, conn: conn}
	s.peers = append(s.peers, p)
	return p
}

func (s *stage) static(instance string) *peer {
	p := s.peer()
	p.instance = &instance
	return p
}

func (s *stage) close() {
	for _, p := range s.peers {
		_ = p.conn.Close() // some have died before
	}
}

// within judges how long something took where nothing else takes time; a
// heartbeat tells it.
func (s *stage) within(began time.Time, atMost time.Duration) {
	s.t.Helper()
	took := time.Since(began)
	s.t.Logf("it took %.1f s", took.Seconds())
	if s.exact {
		require.LessOrEqual(s.t, took, atMost+s.session/5)
	}
}

// pair makes both members of a stable group.
func (s *stage) pair(a, b *peer) {
	s.t.Helper()
	a.settle()
	b.asksToJoin()
	a.beatUntil(kerr.RebalanceInProgress)
	require.NoError(s.t, a.joins())
	require.NoError(s.t, b.isJoined())
	require.NoError(s.t, a.syncs())
	require.NoError(s.t, b.syncs())
}

func (p *peer) settle() {
	p.s.t.Helper()
	require.NoError(p.s.t, p.joins())
	require.NoError(p.s.t, p.syncs())
}

// die ends the connection as the end of a process does.
func (p *peer) die() {
	if tcp, ok := p.conn.(*net.TCPConn); ok {
		require.NoError(p.s.t, tcp.SetLinger(0))
	}
	require.NoError(p.s.t, p.conn.Close())
	if p.s.exact {
		synctest.Wait() // the broker has seen it
	}
}

func (p *peer) asks(request kmsg.Request) {
	p.s.t.Helper()
	p.correlation++
	p.asked = request
	_, err := p.conn.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID("peer")).AppendRequest(nil, request, p.correlation))
	require.NoError(p.s.t, err)
	if p.s.exact {
		synctest.Wait() // the broker has read it
	}
}

func (p *peer) isAnswered() kmsg.Response {
	p.s.t.Helper()
	require.NoError(p.s.t, p.conn.SetReadDeadline(time.Now().Add(patience)))
	var size [4]byte
	_, err := io.ReadFull(p.conn, size[:])
	require.NoError(p.s.t, err, "waiting for the answer to %s", kmsg.NameForKey(p.asked.Key()))
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err = io.ReadFull(p.conn, body)
	require.NoError(p.s.t, err)
	reader := kbin.Reader{Src: body}
	require.Equal(p.s.t, p.correlation, reader.Int32())
	response := p.asked.ResponseKind()
	if response.IsFlexible() {
		kmsg.SkipTags(&reader)
	}
	require.NoError(p.s.t, response.ReadFrom(reader.Src))
	return response
}

func (p *peer) joinRequest() *kmsg.JoinGroupRequest {
	r := kmsg.NewPtrJoinGroupRequest()
	r.Version = 9
	r.Group, r.MemberID, r.InstanceID = p.s.name, p.id, p.instance
	r.SessionTimeoutMillis, r.RebalanceTimeoutMillis = int32(p.s.session.Milliseconds()), int32(rebalanceTimeout.Milliseconds())
	r.ProtocolType = "test"
	r.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "any", Metadata: []byte(p.id)}}
	return r
}

// asksToJoin returns once only the JoinGroup is left that the group answers.
func (p *peer) asksToJoin() {
	p.s.t.Helper()
	if p.id == "" && p.instance == nil {
		p.asks(p.joinRequest())
		first := p.isAnswered().(*kmsg.JoinGroupResponse)
		require.ErrorIs(p.s.t, kerr.ErrorForCode(first.ErrorCode), kerr.MemberIDRequired)
		p.id = first.MemberID
	}
	p.asks(p.joinRequest())
}

func (p *peer) isJoined() error {
	p.s.t.Helper()
	p.joined = p.isAnswered().(*kmsg.JoinGroupResponse)
	if p.joined.ErrorCode == 0 {
		p.id, p.generation = p.joined.MemberID, p.joined.Generation
	}
	return kerr.ErrorForCode(p.joined.ErrorCode)
}

func (p *peer) joins() error {
	p.s.t.Helper()
	p.asksToJoin()
	return p.isJoined()
}

func (p *peer) asksToSync() {
	p.s.t.Helper()
	r := kmsg.NewPtrSyncGroupRequest()
	r.Version = 5
	r.Group, r.MemberID, r.InstanceID, r.Generation = p.s.name, p.id, p.instance, p.generation
	r.ProtocolType, r.Protocol = kmsg.StringPtr("test"), kmsg.StringPtr("any")
	if p.joined.LeaderID == p.id {
		for _, m := range p.joined.Members {
			r.GroupAssignment = append(r.GroupAssignment, kmsg.SyncGroupRequestGroupAssignment{MemberID: m.MemberID, MemberAssignment: []byte("its")})
		}
	}
	p.asks(r)
}

func (p *peer) syncs() error {
	p.s.t.Helper()
	p.asksToSync()
	return p.isSynced()
}

func (p *peer) isSynced() error {
	p.s.t.Helper()
	return kerr.ErrorForCode(p.isAnswered().(*kmsg.SyncGroupResponse).ErrorCode)
}

func (p *peer) asksToLeave(id string) {
	p.s.t.Helper()
	r := kmsg.NewPtrLeaveGroupRequest()
	r.Version = 5
	r.Group, r.Members = p.s.name, []kmsg.LeaveGroupRequestMember{{MemberID: id}}
	p.asks(r)
}

func (p *peer) hasLeft() error {
	p.s.t.Helper()
	r := p.isAnswered().(*kmsg.LeaveGroupResponse)
	require.Len(p.s.t, r.Members, 1)
	require.NoError(p.s.t, kerr.ErrorForCode(r.Members[0].ErrorCode))
	return kerr.ErrorForCode(r.ErrorCode)
}

// beatUntil sends heartbeats until one is answered so.
func (p *peer) beatUntil(want error) {
	p.s.t.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		r := kmsg.NewPtrHeartbeatRequest()
		r.Version = 4
		r.Group, r.MemberID, r.InstanceID, r.Generation = p.s.name, p.id, p.instance, p.generation
		p.asks(r)
		err := kerr.ErrorForCode(p.isAnswered().(*kmsg.HeartbeatResponse).ErrorCode)
		if err != nil {
			require.ErrorIs(p.s.t, err, want)
			return
		}
		time.Sleep(p.s.session / 5)
	}
	require.Fail(p.s.t, "waited in vain", "for a heartbeat that is answered with %v", want)
}
