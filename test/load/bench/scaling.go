package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Series is what one kind of size costs.
type Series struct {
	Name   string  `json:"name"` // such as scaling_destinations
	Axis   string  `json:"axis"` // what is counted
	Note   string  `json:"note"`
	Points []Point `json:"points"`
}

// Point is one size. All sizes of a series took turns with each other.
type Point struct {
	Size int `json:"size"`
	// CPU is user and system time of all the processes, µs per event.
	CPU float64 `json:"us"`
	// Broker is that of the broker meanwhile.
	Broker float64 `json:"broker_us"`
	Rate   float64 `json:"rate"` // events a second
	// RSS is the resident memory of all the processes, MiB.
	RSS float64 `json:"rss_mib"`
	// Started is how long the (last) process took until it said that it runs, ms;
	// tables are read meanwhile.
	Started float64 `json:"started_ms"`
}

// sweep is a series to be measured.
type sweep struct {
	name, axis, note string
	sizes            []int
	partitions       int32 // of every topic; 0: as usual
	grow             func(v *variant, n int)
}

// variant is one size of installation.
type variant struct {
	shape     shape
	processes int
}

// sweeps of the router, every event mapped and eligible.
func sweeps() []sweep {
	return []sweep{
		{
			name: "scaling_sessions", axis: "sessions in one process", partitions: 24, sizes: []int{1, 2, 4}, note: "24 partitions",
			grow: func(v *variant, n int) { v.shape.settings = map[string]string{"router.sessions": strconv.Itoa(n)} },
		},
		{
			name: "scaling_processes", axis: "processes of two sessions", partitions: 24, sizes: []int{1, 2, 4}, note: "24 partitions",
			grow: func(v *variant, n int) { v.processes = n },
		},
		{
			name: "scaling_batch", axis: "records in one transaction", sizes: []int{500, 1000, 2500, 5000}, note: "at most so many; router.batch.records",
			grow: func(v *variant, n int) {
				v.shape.settings = map[string]string{"router.batch.records": strconv.Itoa(n)}
			},
		},
		{
			name: "scaling_partitions", axis: "partitions of every topic", sizes: []int{6, 24, 96}, note: "one process of two sessions",
			grow: func(v *variant, n int) { v.shape.partitions = int32(n) },
		},
		{
			name: "scaling_destinations", axis: "destinations, each of a customer of its own", sizes: []int{1, 10, 100, 1000, 10_000}, note: "10,000 subjects share the customers",
			grow: func(v *variant, n int) { v.shape.destinations = n },
		},
		{
			name: "scaling_consent", axis: "consent records", sizes: []int{1, 10_000, 1_000_000, 10_000_000}, note: "events of random subjects among them, 10,000 at least",
			grow: func(v *variant, n int) { v.shape.subjects = n },
		},
	}
}

// team are processes that share the work.
type team []*child

func (t team) usage() (sum usage, err error) {
	for _, c := range t {
		u, err := c.usage()
		if err != nil {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.Mallocs += u.Mallocs
		sum.RSS += u.RSS
	}
	return sum, nil
}

// profile is of the first process.
func (t team) profile(file string) error { return t[0].profile(file) }

func (t team) stop() (err error) {
	for _, c := range t {
		err = errors.Join(err, c.stop())
	}
	return err
}

// bench measures the sweep.
func (s sweep) bench(ctx context.Context, l *lab, o Options, r *Report) error {
	series := Series{Name: s.name, Axis: s.axis, Note: s.note}
	var subjects []*subject
	sources := map[*subject]*source{}
	for i, n := range s.sizes {
		v := variant{shape: usualShape(), processes: 1}
		if s.partitions > 0 {
			v.shape.partitions = s.partitions
		}
		s.grow(&v, n)
		c, from, started, err := l.variant(ctx, v, fmt.Sprintf("%s_%d", s.name, n), o.Seed+uint64(i))
		if err != nil {
			return fmt.Errorf("starting %s of %d: %w", s.name, n, err)
		}
		subjects = append(subjects, c)
		sources[c] = from
		series.Points = append(series.Points, Point{Size: n, Started: started})
	}
	size := sizes{rounds: 3, events: 60_000, warm: 20_000}
	m, err := l.rounds(ctx, size.rounds, subjects, func(c *subject, round int) ([]*kgo.Record, error) {
		from := sources[c]
		return from.makes.slice(from.in.writer, size.of(round), 1), nil
	})
	for i, c := range subjects {
		p := &series.Points[i]
		p.CPU = m.cost(c.name)
		p.Broker = m.median(c.name, func(t turn) float64 { return perEvent(t.broker.CPU, t.events) })
		p.Rate = m.median(c.name, func(t turn) float64 { return float64(t.events) / t.took.Seconds() })
		p.RSS = m.median(c.name, func(t turn) float64 { return float64(t.own.RSS) / mebi })
		r.Checked += m.events(c.name)
		err = errors.Join(err, c.worker.stop())
	}
	r.Series = append(r.Series, series)
	return err
}

// source is where the events of a variant come from: ids are claimed in one
// Redis, so that each has its own.
type source struct {
	makes *maker
	in    *installation
}

// variant starts an installation and its routers.
func (l *lab) variant(ctx context.Context, v variant, name string, seed uint64) (_ *subject, _ *source, started float64, _ error) {
	in, err := l.install(ctx, v.shape)
	if err != nil {
		return nil, nil, 0, err
	}
	var routers team
	for i := range v.processes {
		one := *in // its transactional ids have a name of their own
		one.settings = in.with("router.instance", fmt.Sprintf("%s-%d", in.settings["router.instance"], i))
		c, err := one.startRouter(ctx)
		if err != nil {
			return nil, nil, 0, err
		}
		routers = append(routers, c)
		started = ms(c.started)
	}
	makes := newMaker(seed)
	makes.destinations, makes.subjects = v.shape.destinations, max(makes.subjects, v.shape.subjects)
	c, _, err := in.routed(name, routers, queued)
	return c, &source{makes: makes, in: in}, started, err
}
