package table

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/seal"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// awaitAge is how old the end-offset query of a fresh view may be when it is
// handed out, so that at least a second of the view's three is left to work
// with.
const awaitAge = MaxAge - time.Second

// ErrExpired says that a view was used more than MaxAge after the moment that
// it is complete as of. What was decided with it must be given up.
var ErrExpired = errors.New("the view of the tables has expired")

// Config of the tables.
type Config struct {
	Topics topology.Names
	Kafka  kafka.Config
	// ConsentPartitions is the number of partitions of the consent topic where
	// only those are kept in memory that are asked for; zero keeps all of it.
	ConsentPartitions int
	// SubjectKeys also keeps the keys that sealed letters open with.
	SubjectKeys bool
}

// Deps of the tables.
type Deps struct {
	Resources resource.Installation
	Decode    Decoders
	Logger    *slog.Logger // nil: silent
}

// Tables are everything that can change and that gates depend on: resources
// and consent. Await is the only way to them.
type Tables struct {
	resources *ResourceTable
	consent   *ConsentTable    // whole
	parts     *partitions      // nil: whole
	keys      *SubjectKeyTable // nil: not kept
	followers []*Follower      // resources, keys where they are kept, consent where it is whole
	ready     chan struct{}
}

// New makes Tables; nothing is read before Run.
func New(cfg Config, deps Deps) *Tables {
	t := &Tables{
		resources: NewResourceTable(cfg.Topics, deps.Resources, deps.Decode, deps.Logger),
		consent:   NewConsentTable(deps.Decode.Consent),
		ready:     make(chan struct{}),
	}
	t.followers = []*Follower{NewFollower(FollowerConfig{Name: "resources", Topics: t.resources.Topics(), Kafka: cfg.Kafka}, t.resources, deps.Logger)}
	if cfg.SubjectKeys {
		t.keys = NewSubjectKeyTable(deps.Decode.SubjectKey)
		t.followers = append(t.followers,
			NewFollower(FollowerConfig{Name: "subject-keys", Topics: []string{cfg.Topics.SubjectKeys()}, Kafka: cfg.Kafka}, t.keys, deps.Logger))
	}
	if cfg.ConsentPartitions > 0 {
		t.parts = newPartitions(cfg, deps)
		return t
	}
	t.followers = append(t.followers,
		NewFollower(FollowerConfig{Name: "consent", Topics: []string{cfg.Topics.Consent()}, Kafka: cfg.Kafka}, t.consent, deps.Logger))
	return t
}

// Name implements lifecycle.Role.
func (t *Tables) Name() string { return "tables" }

// Ready is closed when every table has been read to its end once.
func (t *Tables) Ready() <-chan struct{} { return t.ready }

// Run follows all tables until ctx ends or drain is closed, which is no error,
// or until the consent topic turns out to be one that cannot be read by
// partition, a *PlacementError. It is called once.
func (t *Tables) Run(ctx context.Context, drain <-chan struct{}) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	errs := make([]error, len(t.followers)+1)
	for i, f := range t.followers {
		running.Go(func() { errs[i] = f.Run(ctx) })
	}
	if t.parts != nil {
		running.Go(func() {
			errs[len(t.followers)] = t.parts.follow(ctx)
			stop()
		})
	}
	running.Go(func() {
		if _, err := t.Await(ctx); err == nil {
			close(t.ready)
		}
	})
	select {
	case <-drain:
	case <-ctx.Done():
	}
	stop()
	running.Wait()
	return errors.Join(errs...)
}

// Await waits until every table is fresh and gives a view of them. It returns
// an error only when ctx ends, a *StaleError that names the table and what is
// in its way. All partitions share the tables, so it takes none.
func (t *Tables) Await(ctx context.Context) (gate.View, error) { return t.await(ctx, young) }

// AwaitSince is Await for a view that is complete as of a moment after since:
// everything that could be read then is in it.
func (t *Tables) AwaitSince(ctx context.Context, since time.Time) (gate.View, error) {
	return t.await(ctx, func(fresh time.Time) bool { return young(fresh) && fresh.After(since) })
}

// enough reports whether a table that is complete as of fresh will do.
type enough func(fresh time.Time) bool

func young(fresh time.Time) bool { return time.Since(fresh) <= awaitAge }

func (t *Tables) await(ctx context.Context, ok enough) (gate.View, error) {
	for {
		view := &View{consent: snapshot{table: t.consent, epoch: t.consent.epoch.Load()}, from: t.parts}
		oldest := time.Time{}
		for _, f := range t.followers {
			fresh, err := f.await(ctx, ok)
			if err != nil {
				return nil, err
			}
			if oldest.IsZero() || fresh.Before(oldest) {
				oldest = fresh
			}
		}
		if t.parts != nil {
			fresh, shots, err := t.parts.await(ctx, ok)
			if err != nil {
				return nil, err
			}
			if view.parts = shots; !fresh.IsZero() && fresh.Before(oldest) {
				oldest = fresh
			}
		}
		// The second wait may have outlasted the first table's freshness.
		if ok(oldest) {
			view.set, view.expires = t.resources.Set(), oldest.Add(MaxAge)
			return view, nil
		}
	}
}

// Resources gives the newest records and their problems, fresh or not, for
// listings and health; gates go through Await.
func (t *Tables) Resources() (*resource.Resources, []resource.Problem) { return t.resources.Current() }

// Set gives the newest compiled set, fresh or not, for listings and health;
// nil before the first. Gates go through Await.
func (t *Tables) Set() *resource.Set { return t.resources.Set() }

// SubjectKey implements seal.Keys: the wrapped key of a letter as it stands. One
// that is missing is gone only as of a view that Await gave before. Where keys are
// not kept there is none.
func (t *Tables) SubjectKey(id seal.KeyID) (seal.Wrapped, bool) {
	if t.keys == nil {
		return seal.Wrapped{}, false
	}
	return t.keys.SubjectKey(id)
}

// Status is the state of one table.
type Status struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"` // read to its end and fresh
	// Staleness is the age of the moment that the table is complete as of;
	// negative where its end was never reached.
	Staleness time.Duration `json:"staleness_ns"`
	Entries   int           `json:"entries"`
	Bytes     int64         `json:"bytes"`
	Version   string        `json:"version,omitempty"`
	Bad       int64         `json:"bad"` // records passed over since the start
	Problem   string        `json:"problem,omitempty"`
	// Partitions are in memory of Of, where a table is read by partition.
	Partitions int `json:"partitions,omitempty"`
	Of         int `json:"of,omitempty"`
}

// Status describes every table, for readiness, metrics and doctor.
func (t *Tables) Status() []Status {
	out := make([]Status, 0, len(t.followers))
	for _, f := range t.followers {
		out = append(out, f.status())
	}
	records, _ := t.resources.Current()
	if records != nil {
		out[0].Entries = len(records.Destinations) + len(records.Mappings) + len(records.Policies)
	}
	out[0].Version = t.resources.Set().Version()
	if t.keys != nil {
		out[1].Entries = t.keys.Size()
	}
	if t.parts != nil {
		return append(out, t.parts.status())
	}
	last := &out[len(out)-1]
	last.Entries, last.Bytes = t.consent.Size()
	return out
}

func (f *Follower) status() Status {
	fresh, _, failure := f.state()
	s := Status{Name: f.cfg.Name, Staleness: -1, Bad: f.Bad()}
	if !fresh.IsZero() {
		s.Staleness = time.Since(fresh)
		s.Ready = s.Staleness <= MaxAge
	}
	if failure != nil {
		s.Problem = failure.Error()
	}
	return s
}
