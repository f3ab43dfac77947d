package table

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/gate"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/kafka"
	"github.com/sluicehq/sluice/pkg/resource"
	"github.com/sluicehq/sluice/pkg/topology"
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
}

// Deps of the tables.
type Deps struct {
	Providers map[string]resource.Provider
	Decode    Decoders
	Logger    *slog.Logger // nil: silent
}

// Tables are everything that can change and that gates depend on: resources
// and consent. Await is the only way to them.
type Tables struct {
	resources *ResourceTable
	consent   *ConsentTable
	followers [2]*Follower // resources, consent
	ready     chan struct{}
}

// New makes Tables; nothing is read before Run.
func New(cfg Config, deps Deps) *Tables {
	t := &Tables{
		resources: NewResourceTable(cfg.Topics, deps.Providers, deps.Decode, deps.Logger),
		consent:   NewConsentTable(deps.Decode.Consent),
		ready:     make(chan struct{}),
	}
	t.followers = [...]*Follower{
		NewFollower(FollowerConfig{Name: "resources", Topics: t.resources.Topics(), Kafka: cfg.Kafka}, t.resources, deps.Logger),
		NewFollower(FollowerConfig{Name: "consent", Topics: []string{cfg.Topics.Consent()}, Kafka: cfg.Kafka}, t.consent, deps.Logger),
	}
	return t
}

// Name implements lifecycle.Role.
func (t *Tables) Name() string { return "tables" }

// Ready is closed when every table has been read to its end once.
func (t *Tables) Ready() <-chan struct{} { return t.ready }

// Run follows all tables until ctx ends or drain is closed. It is called once.
func (t *Tables) Run(ctx context.Context, drain <-chan struct{}) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	errs := make([]error, len(t.followers))
	for i, f := range t.followers {
		running.Go(func() { errs[i] = f.Run(ctx) })
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
func (t *Tables) Await(ctx context.Context) (gate.View, error) {
	for {
		oldest, epoch := time.Time{}, t.consent.epoch.Load()
		for _, f := range t.followers {
			fresh, err := f.Await(ctx, awaitAge)
			if err != nil {
				return nil, err
			}
			if oldest.IsZero() || fresh.Before(oldest) {
				oldest = fresh
			}
		}
		// The second wait may have outlasted the first table's freshness.
		if time.Since(oldest) <= awaitAge {
			return &View{set: t.resources.Set(), consent: t.consent, epoch: epoch, expires: oldest.Add(MaxAge)}, nil
		}
	}
}

// View is one look at the tables. Resources are those of one moment; consent
// is read as it stands, which is never older. It expires MaxAge after the
// moment that it is complete as of.
type View struct {
	set     *resource.Set
	consent *ConsentTable
	epoch   int64
	expires time.Time
}

// Resources implements gate.View.
func (v *View) Resources() *resource.Set { return v.set }

// Consent implements gate.View. An expired view says that the record is
// malformed, which denies: nothing is ever sent on a stale answer. Whoever
// decided with it finds out by Err and gives the decisions up.
func (v *View) Consent(customer string, subject identity.Raw) (consent.Statement, bool) {
	statement, ok := v.consent.Get(customer, subject)
	// Looked at after the lookup: a table that was emptied meanwhile counts.
	if v.Err() != nil {
		return consent.NormaliseRecord(consent.Record{Input: consent.Input{Malformed: true}}, 0), true
	}
	return statement, ok
}

// Err is nil while the view is valid and ErrExpired afterwards. Ask after the
// work and before its result takes effect.
func (v *View) Err() error {
	if late := time.Since(v.expires); late > 0 {
		return fmt.Errorf("using tables %s too late: %w", late.Round(time.Millisecond), ErrExpired)
	}
	if v.consent.epoch.Load() != v.epoch {
		return fmt.Errorf("using tables that are being read again: %w", ErrExpired)
	}
	return nil
}

// Resources gives the newest records and their problems, fresh or not, for
// listings and health; gates go through Await.
func (t *Tables) Resources() (*resource.Resources, []resource.Problem) { return t.resources.Current() }

// Set gives the newest compiled set, fresh or not, for listings and health;
// nil before the first. Gates go through Await.
func (t *Tables) Set() *resource.Set { return t.resources.Set() }

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
	out[1].Entries, out[1].Bytes = t.consent.Size()
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
