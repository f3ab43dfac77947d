package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// unreadAfter is how old an event may be that no router has read, beside
// partitions that are read.
const unreadAfter = 5 * time.Minute

// reading is how far a group has read a topic.
type reading struct {
	read, waiting, lost int64
	// behind are partitions with records older than unreadAfter that were not
	// read; all of them where the group does not keep up.
	behind []reader.Partition
	all    int
}

// groups looks at whether the router reads every partition, and whether
// anything that it has not read was deleted.
func (d *visit) groups(ctx context.Context) {
	e := d.deps
	if e.Cluster.RequireTopics(ctx, e.Config.Topics.Input) != nil {
		return // said already
	}
	r, err := d.read(ctx, e.Config.Router.Group, e.Config.Topics.Input)
	switch {
	case err != nil:
		d.failed("router", err)
	case r.read == 0:
		d.add("router", Warning, "start `sluice router`", "the group %s has never committed: no event was decided yet", e.Config.Router.Group)
	case r.lost > 0:
		d.add("router", Problem, "let the router catch up, and keep the analytics topic for longer", "%d events were deleted before they were read", r.lost)
	case len(r.behind) > 0 && len(r.behind) < r.all:
		var names []string
		for _, p := range r.behind {
			names = append(names, fmt.Sprintf("%s/%d", p.Topic, p.Number))
		}
		d.add("router", Problem, "look into the log and /statusz of the router that it is assigned to, and restart that one",
			"not read for %s, while other partitions are: %s", unreadAfter, some(names))
	case len(r.behind) > 0:
		d.add("router", Warning, "see docs/runbooks/not-keeping-up.md", "%d events to be read, some of them for %s and longer", r.waiting, unreadAfter)
	default:
		d.add("router", Fine, "", "%d events to be read", r.waiting)
	}
}

// read compares what a group has committed with what a topic holds.
func (d *visit) read(ctx context.Context, group, topic string) (r reading, err error) {
	e := d.deps
	// The past first: what is read meanwhile is not behind.
	old, oldErr := e.Cluster.AtTime(ctx, e.Now().Add(-unreadAfter), topic)
	starts, startErr := e.Cluster.Starts(ctx, topic)
	ends, endErr := e.Cluster.StableEnds(ctx, topic)
	committed, err := e.Cluster.Committed(ctx, group)
	if err = errors.Join(oldErr, startErr, endErr, err); err != nil {
		return r, err
	}
	for p, end := range ends {
		at, ok := committed[p]
		if ok {
			r.read++
			r.waiting += max(end-at, 0)
			r.lost += max(starts[p]-at, 0)
		}
		if at = max(at, starts[p]); old[p] > at {
			some, err := d.holdsRecords(ctx, p, reader.Range{From: at, To: old[p]})
			if err != nil {
				return r, err
			}
			if some {
				r.behind = append(r.behind, p)
			}
		}
		if end > starts[p] {
			r.all++
		}
	}
	slices.SortFunc(r.behind, func(a, b reader.Partition) int { return int(a.Number - b.Number) })
	return r, nil
}

// holdsRecords says whether a range has any record: behind the last one of a
// transaction stands its end, which nobody reads.
func (d *visit) holdsRecords(ctx context.Context, p reader.Partition, within reader.Range) (bool, error) {
	r, err := d.deps.Cluster.OpenReader(ctx, reader.Config{Ranges: reader.Ranges{p: within}})
	if err != nil {
		return false, err
	}
	defer r.Close()
	for {
		records, err := r.Poll(ctx, 1)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil || len(records) > 0 {
			return err == nil, err
		}
	}
}
