package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// stallAfter is how long a partition may stand still with work waiting and
// nothing broken.
const stallAfter = 60 * time.Second

// offsets watches what groups commit.
type offsets struct {
	committed map[groupPlace]int64
	// moved is when a partition that has work was last seen to move, or to be
	// excused.
	moved   map[groupPlace]time.Time
	backs   []string
	stalls  []string
	early   []string
	samples int
	checked int // deliveries that were held against a committed offset
}

type groupPlace struct {
	group string
	topicPartition
}

func newOffsets() *offsets {
	return &offsets{committed: map[groupPlace]int64{}, moved: map[groupPlace]time.Time{}}
}

// Watch samples the groups until ctx ends. calm tells whether nothing is
// broken, so that a partition has no excuse to stand still.
func (l *Ledger) Watch(ctx context.Context, calm func() bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// A cluster in trouble does not answer; the next sample counts.
			_ = l.sample(ctx, calm())
		}
	}
}

func (l *Ledger) sample(ctx context.Context, calm bool) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	groups, err := l.w.Admin.ListGroups(ctx)
	if err != nil {
		return fmt.Errorf("listing groups: %w", err)
	}
	var names []string
	for _, name := range groups.Groups() {
		if strings.HasPrefix(name, l.w.Names.Prefix+"-") {
			names = append(names, name)
		}
	}
	fetched := l.w.Admin.FetchManyOffsets(ctx, names...)
	ends, err := l.w.Admin.ListCommittedOffsets(ctx)
	if err != nil {
		return fmt.Errorf("asking for the ends of topics: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.offsets.samples++
	for _, response := range fetched {
		if response.Err != nil {
			continue
		}
		response.Fetched.Each(func(o kadm.OffsetResponse) {
			if o.Err == nil && o.At >= 0 {
				l.committedAt(groupPlace{response.Group, topicPartition{o.Topic, o.Partition}}, o.At, ends, now, calm)
			}
		})
	}
	return nil
}

// committedAt judges one committed offset.
func (l *Ledger) committedAt(at groupPlace, offset int64, ends kadm.ListedOffsets, now time.Time, calm bool) {
	o := l.offsets
	before, known := o.committed[at]
	if known && offset < before {
		o.backs = append(o.backs, fmt.Sprintf("%s went from %d back to %d in %s/%d", at.group, before, offset, at.topic, at.partition))
	}
	o.committed[at] = offset
	end, ok := ends.Lookup(at.topic, at.partition)
	// The last offset of a transactional topic is a marker that nobody commits
	// past.
	idle := !ok || end.Offset-offset <= 1
	// Waiting places stand still on purpose.
	patient := strings.Contains(at.topic, ".parked.") || strings.Contains(at.topic, ".retry.") || strings.HasSuffix(at.topic, ".hold") || strings.Contains(at.topic, ".submissions.")
	if !known || offset != before || idle || patient || !calm {
		o.moved[at] = now
		return
	}
	if stood := now.Sub(o.moved[at]); stood > stallAfter {
		o.stalls = append(o.stalls, fmt.Sprintf("%s stood still for %.0f s at %d of %d in %s/%d", at.group, stood.Seconds(), offset, end.Offset, at.topic, at.partition))
		o.moved[at] = now
	}
}

// Forget drops what is known about a topic that is deleted on purpose.
func (l *Ledger) Forget(topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for at := range l.offsets.committed {
		if at.topic == topic {
			delete(l.offsets.committed, at)
			delete(l.offsets.moved, at)
		}
	}
}

// CheckUnfinished holds committed offsets of delivery topics against what has
// been published about the deliveries below them: at the moment of a commit
// every one of them has a diagnostic already.
func (l *Ledger) CheckUnfinished(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	l.mu.Lock()
	committed := map[topicPartition]int64{}
	for at, offset := range l.offsets.committed {
		if strings.HasPrefix(at.topic, l.w.Names.Prefix+".delivery.") {
			committed[at.topicPartition] = offset
		}
	}
	l.mu.Unlock()
	// Not the last stable ones: a diagnostic behind a transaction that somebody
	// left open is there, only not readable yet.
	ends, err := l.w.Admin.ListEndOffsets(ctx, l.w.Names.Diagnostics())
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("asking for the end of the diagnostics: %w", err)
	}
	if !l.await(ctx, func() bool { return l.hasRead(ends) }) {
		return nil // the reader is behind; the next check counts
	}
	l.unfinished(committed)
	return nil
}

func (l *Ledger) unfinished(committed map[topicPartition]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, f := range l.fates {
		for _, at := range f.delivered {
			if at.offset >= committed[at.topicPartition] {
				continue
			}
			l.offsets.checked++
			if len(f.ends) == 0 && !f.moved {
				l.offsets.early = append(l.offsets.early, fmt.Sprintf("%s/%d is committed at %d, and %s of input %d@%d at %d has no decision of the sender",
					at.topic, at.partition, committed[at.topicPartition], p.mapping, p.at.Partition, p.at.Offset, at.offset))
			}
		}
	}
}

// CheckAllRead waits until every topic has been read to its end: what was not
// read was not judged. It fails where that cannot be known.
func (l *Ledger) CheckAllRead(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	listed, err := l.w.Admin.ListTopics(ctx)
	if err != nil {
		return fmt.Errorf("listing topics to see whether all was read: %w", err)
	}
	ends, err := l.w.Admin.ListCommittedOffsets(ctx, l.topics(listed)...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("asking for the ends of all topics: %w", err)
	}
	if l.await(ctx, func() bool { return l.hasRead(ends) }) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	ends.Each(func(o kadm.ListedOffset) {
		if at := l.positions[topicPartition{o.Topic, o.Partition}]; at < o.Offset {
			l.troubles = append(l.troubles, fmt.Sprintf("the ledger has read %s/%d only to %d of %d", o.Topic, o.Partition, at, o.Offset))
		}
	})
	return nil
}

func (l *Ledger) hasRead(ends kadm.ListedOffsets) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	done := true
	ends.Each(func(o kadm.ListedOffset) {
		if l.positions[topicPartition{o.Topic, o.Partition}] < o.Offset {
			done = false
		}
	})
	return done
}

// await asks a few times a second.
func (l *Ledger) await(ctx context.Context, done func() bool) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// Usage is what a process used at most.
type Usage struct {
	RSS        int64 // bytes
	Sockets    int
	Goroutines int
}

func (u Usage) most(v Usage) Usage {
	return Usage{RSS: max(u.RSS, v.RSS), Sockets: max(u.Sockets, v.Sockets), Goroutines: max(u.Goroutines, v.Goroutines)}
}

// Used notes a measurement of a process.
func (l *Ledger) Used(name string, u Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resources[name] = l.resources[name].most(u)
}
