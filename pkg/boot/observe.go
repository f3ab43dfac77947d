package boot

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// observed is what a process's roles tell about themselves, for /statusz and
// the gauges.
type observed struct {
	mu      sync.Mutex
	loops   []*observedLoop
	senders []*sender.Sender
	tables  *table.Tables
	now     func() time.Time
	// window is how far back claims reach, where that is known.
	window func() (time.Duration, bool)
	// replicasBehind is how many replicas of Redis lack claims, where that is known.
	replicasBehind func() (int64, bool)
}

// observedLoop is one transactional loop with the age of what it has in hand.
type observedLoop struct {
	name  string
	stage string
	loop  *transact.Loop
	// oldest is the timestamp of the oldest record of the batch in hand, zero
	// when nothing is: a batch that is given up again and again grows old here.
	oldest atomic.Int64
}

// hold notes what a batch has, until it is committed.
func (l *observedLoop) hold(b transact.Batch) {
	var oldest int64
	for _, r := range b.Records {
		if at := r.Timestamp.UnixMilli(); oldest == 0 || at < oldest {
			oldest = at
		}
	}
	l.oldest.Store(oldest)
}

func (o *observed) addLoop(l *observedLoop) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, before := range o.loops {
		if before.name == l.name { // it was started again
			o.loops[i] = l
			return
		}
	}
	o.loops = append(o.loops, l)
}

func (o *observed) addSender(s *sender.Sender) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, before := range o.senders {
		if before.Status().Provider == s.Status().Provider { // it was started again
			o.senders[i] = s
			return
		}
	}
	o.senders = append(o.senders, s)
}

// status is what /statusz shows.
func (o *observed) status(version string, group *lifecycle.Group) any {
	o.mu.Lock()
	defer o.mu.Unlock()
	loops := make([]transact.Snapshot, 0, len(o.loops))
	for _, l := range o.loops {
		loops = append(loops, l.loop.Snapshot())
	}
	senders := make([]sender.Status, 0, len(o.senders))
	for _, s := range o.senders {
		senders = append(senders, s.Status())
	}
	return map[string]any{
		"version": version, "roles": group.States(), "tables": o.tables.Status(),
		"loops": loops, "senders": senders,
	}
}

// watch makes the gauges ask; the function that it returns ends that.
func (o *observed) watch(m *telemetry.Metrics) (stop func(), err error) {
	var stops []func() error
	stop = func() {
		for _, s := range stops {
			// The only error is stopping twice.
			_ = s()
		}
	}
	add := func(s func() error, err error) error {
		if err == nil {
			stops = append(stops, s)
		}
		return err
	}
	err = errors.Join(
		add(m.WatchTables(o.tableGauges)),
		add(m.WatchOldest(o.ages)),
		add(m.WatchDestinations(o.destinations)),
		add(m.WatchWindow(o.windowBytes)),
		add(m.WatchQuotas(o.quotas)),
		add(m.WatchClaimWindow(o.window)),
		add(m.WatchClaimReplicas(o.replicasBehind)),
	)
	if err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func (o *observed) tableGauges() []telemetry.Table {
	status := o.tables.Status()
	all := make([]telemetry.Table, 0, len(status))
	for _, t := range status {
		all = append(all, telemetry.Table{Name: t.Name, Ready: t.Ready, Staleness: t.Staleness, Entries: t.Entries, Bytes: t.Bytes})
	}
	return all
}

func (o *observed) ages() []telemetry.Oldest {
	o.mu.Lock()
	defer o.mu.Unlock()
	oldest := map[string]time.Duration{}
	for _, l := range o.loops {
		age := time.Duration(0)
		if at := l.oldest.Load(); at > 0 {
			age = o.now().Sub(time.UnixMilli(at))
		}
		oldest[l.stage] = max(oldest[l.stage], age)
	}
	all := make([]telemetry.Oldest, 0, len(oldest)+len(o.senders))
	for stage, age := range oldest {
		all = append(all, telemetry.Oldest{Stage: stage, Age: age})
	}
	for _, s := range o.senders {
		status := s.Status()
		all = append(all,
			telemetry.Oldest{Stage: "sender", Provider: status.Provider, Age: status.Oldest},
			telemetry.Oldest{Stage: "parked", Provider: status.Provider, Age: status.ParkedOldest},
		)
	}
	return all
}

func (o *observed) destinations() []telemetry.DestinationState {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []telemetry.DestinationState
	for _, s := range o.senders {
		status := s.Status()
		for _, d := range status.Destinations {
			all = append(all, telemetry.DestinationState{
				Provider: status.Provider, Destination: d.ID, State: d.Mode, RequestsGoing: d.InFlight,
				Parked: int64(d.ParkedHere), ParkedBytes: int64(d.ParkedBytes),
			})
		}
	}
	return all
}

func (o *observed) windowBytes() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	total := 0
	for _, s := range o.senders {
		total += s.Status().Bytes
	}
	return int64(total)
}
