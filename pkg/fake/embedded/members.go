package embedded

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// members lets members of classic consumer groups wait and die as they do on
// Kafka. kfake (v0.0.0-20260918054303, groups.go) differs three times:
//
//   - A member's session starts with the answer to its JoinGroup or SyncGroup,
//     but only where its connection still is (group.reply). A member that is
//     killed while it waits for that answer has no session: it keeps its
//     partitions for ever. Kafka starts the session whether the answer arrives
//     or not. Therefore a connection that ends while a member waits on it ends
//     for kfake only after that answer (conn.go).
//   - A member that waits in JoinGroup or SyncGroup may not send heartbeats, and
//     yet is thrown out when its session is over; what it waits for is never
//     answered, so that it stays away until its request times out, after more
//     than the rebalance timeout. On Kafka who waits satisfies the session
//     (ClassicGroupMember.hasSatisfiedHeartbeat). Therefore heartbeats are sent
//     in the place of members that wait.
//   - A member that goes while it waits in SyncGroup is taken off the number of
//     those that wait in JoinGroup (group.removeMember), and the next rebalance
//     waits for one member too many, until the rebalance timeout is over.
//     Therefore LeaveGroup, and the JoinGroup that replaces a static member,
//     are heard only after that SyncGroup is answered.
type members struct {
	ctx  context.Context //nolint:containedctx // ends with the services that these goroutines belong to
	dial dialer
	work sync.WaitGroup // heartbeats

	mu      sync.Mutex
	closed  bool
	brokers []string // addresses
	groups  map[string]groupSeen
	syncing map[memberKey]*waiting
}

type dialer = func(ctx context.Context, network, host string) (net.Conn, error)

// groupSeen is what requests and answers have told of a group.
type groupSeen struct {
	generation int32         // the last with which a JoinGroup was answered
	session    time.Duration // the shortest of any member
}

// memberKey is a member by its id, or a static one by its instance id.
type memberKey struct {
	group, id string
	static    bool
}

// waiting is a JoinGroup or SyncGroup that is not answered yet.
type waiting struct {
	request  kmsg.Request
	keys     []memberKey // in members.syncing
	answered chan struct{}
}

const (
	// beatsPerSession is how many heartbeats a session gets: on a busy machine
	// most of them may come late.
	beatsPerSession = 10
	// sessionUnseen is the session of a group without a JoinGroup so far.
	sessionUnseen = time.Second
)

// newMembers works until ctx ends and close is called.
func newMembers(ctx context.Context, dial dialer) *members {
	return &members{ctx: ctx, dial: dial, groups: map[string]groupSeen{}, syncing: map[memberKey]*waiting{}}
}

// close waits for heartbeats that are under way; ctx has ended.
func (m *members) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.work.Wait()
}

// asked notes that a member waits from now on.
func (m *members) asked(address string, request kmsg.Request) *waiting {
	w := &waiting{request: request, answered: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	var group string
	switch r := request.(type) {
	case *kmsg.JoinGroupRequest:
		group = r.Group
		seen := m.groups[group]
		if given := time.Duration(r.SessionTimeoutMillis) * time.Millisecond; given > 0 && (seen.session == 0 || given < seen.session) {
			seen.session = given
			m.groups[group] = seen
		}
		if r.MemberID == "" {
			return w // a new member has no session that could end
		}
	case *kmsg.SyncGroupRequest:
		group = r.Group
		w.keys = append(w.keys, memberKey{group: group, id: r.MemberID})
		if r.InstanceID != nil {
			w.keys = append(w.keys, memberKey{group: group, id: *r.InstanceID, static: true})
		}
		for _, key := range w.keys {
			m.syncing[key] = w
		}
	}
	if !m.closed {
		every := m.session(group) / beatsPerSession
		m.work.Go(func() { m.beat(w, address, every) })
	}
	return w
}

// session is called with the lock.
func (m *members) session(group string) time.Duration {
	if seen := m.groups[group].session; seen > 0 {
		return seen
	}
	return sessionUnseen
}

// answered notes that a member does not wait any more; response is nil where
// its connection has ended for kfake too.
func (m *members) answered(w *waiting, response kmsg.Response) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range w.keys {
		if m.syncing[key] == w {
			delete(m.syncing, key)
		}
	}
	if joined, ok := response.(*kmsg.JoinGroupResponse); ok && joined.ErrorCode == 0 {
		if asked, ok := w.request.(*kmsg.JoinGroupRequest); ok {
			seen := m.groups[asked.Group]
			seen.generation = joined.Generation
			m.groups[asked.Group] = seen
		}
	}
	close(w.answered)
}

// beat sends heartbeats for a member until it is answered.
func (m *members) beat(w *waiting, address string, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-w.answered:
			return
		case <-m.ctx.Done():
			return
		case <-tick.C:
		}
		address = m.send(address, m.heartbeat(w))
	}
}

// send asks the group's coordinator, which may have moved since a member began
// to wait, and gives its address. Where nobody may ask (SASL), sessions end as
// kfake has it.
func (m *members) send(address string, h *kmsg.HeartbeatRequest) string {
	m.mu.Lock()
	brokers := append([]string{address}, m.brokers...)
	m.mu.Unlock()
	for _, broker := range brokers {
		answer, err := m.ask(broker, h)
		if err == nil && answer.ErrorCode != kerr.NotCoordinator.Code {
			return broker
		}
	}
	return address
}

func (m *members) heartbeat(w *waiting) *kmsg.HeartbeatRequest {
	h := kmsg.NewPtrHeartbeatRequest()
	h.Version = 4
	switch r := w.request.(type) {
	case *kmsg.JoinGroupRequest:
		m.mu.Lock()
		h.Group, h.MemberID, h.InstanceID, h.Generation = r.Group, r.MemberID, r.InstanceID, m.groups[r.Group].generation
		m.mu.Unlock()
	case *kmsg.SyncGroupRequest:
		h.Group, h.MemberID, h.InstanceID, h.Generation = r.Group, r.MemberID, r.InstanceID, r.Generation
	}
	return h
}

func (m *members) ask(address string, h *kmsg.HeartbeatRequest) (*kmsg.HeartbeatResponse, error) {
	c, err := m.dial(m.ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(m.ctx, func() { _ = c.Close() })()
	defer func() { _ = c.Close() }()
	if _, err := c.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID("embedded-members")).AppendRequest(nil, h, 1)); err != nil {
		return nil, err
	}
	frame, err := readFrame(c)
	if err != nil {
		return nil, err
	}
	answer, ok := responseOf(h, frame).(*kmsg.HeartbeatResponse)
	if !ok {
		return nil, errors.New("the answer to a heartbeat cannot be read")
	}
	return answer, nil
}

// control lets members go only after their SyncGroup is answered.
func (m *members) control(cluster *kfake.Cluster) {
	hear := func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if waits, atMost := m.goesWhileSyncing(request); len(waits) > 0 {
			cluster.SleepControl(func() { m.await(waits, atMost) })
		}
		return nil, nil, false
	}
	cluster.ControlKey(int16(kmsg.LeaveGroup), hear)
	cluster.ControlKey(int16(kmsg.JoinGroup), hear)
}

// goesWhileSyncing gives what members wait for whom a request takes out of
// their group, and the time within which the group answers.
func (m *members) goesWhileSyncing(request kmsg.Request) (waits []*waiting, atMost time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	add := func(group, member string, instance *string) {
		atMost = 2 * m.session(group)
		key := memberKey{group: group, id: member}
		if instance != nil {
			key = memberKey{group: group, id: *instance, static: true}
		}
		if w := m.syncing[key]; w != nil {
			waits = append(waits, w)
		}
	}
	switch r := request.(type) {
	case *kmsg.LeaveGroupRequest:
		if r.Version < 3 {
			add(r.Group, r.MemberID, nil)
		}
		for _, member := range r.Members {
			add(r.Group, member.MemberID, member.InstanceID)
		}
	case *kmsg.JoinGroupRequest:
		if r.MemberID == "" && r.InstanceID != nil {
			add(r.Group, "", r.InstanceID)
		}
	}
	return waits, atMost
}

// await is bounded by the session of a leader that never syncs: when that is
// over, the group answers.
func (m *members) await(waits []*waiting, atMost time.Duration) {
	over := time.NewTimer(atMost)
	defer over.Stop()
	for _, w := range waits {
		select {
		case <-w.answered:
		case <-m.ctx.Done():
			return
		case <-over.C:
			return
		}
	}
}
