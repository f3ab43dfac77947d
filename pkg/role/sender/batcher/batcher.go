// Package batcher groups deliveries into requests. It is pure: items are
// added, due requests are taken, and the time is passed in. A batch holds one
// destination's deliveries of one group and never one id twice, so one
// customer's bad event never costs another a request and no answer is
// ambiguous.
package batcher

import "github.com/sluicehq/sluice/pkg/core/decision"

// Key separates what may not share a request.
type Key struct {
	Destination string
	Group       string
	// Account keeps deliveries for an old account apart from today's.
	Account string
}

// Item is one delivery that waits for its request.
type Item[T any] struct {
	ID    string // as the provider counts it
	Bytes int
	// Due is when it may wait no longer, epoch milliseconds.
	Due   int64
	Value T
}

// Limits of one request.
type Limits struct {
	Events, Bytes int
	// Most lowers Events for a key, to one at least: for items that share no
	// request with anything, or where requests have to be small. It is asked
	// whenever a batch is looked at, because it may change. Optional.
	Most func(Key) int
}

// events is how many may share a request.
func (l Limits) events(k Key) int {
	if l.Most == nil {
		return l.Events
	}
	return max(1, min(l.Events, l.Most(k)))
}

// Batch is one request's worth.
type Batch[T any] struct {
	Key   Key
	Lane  decision.Lane
	Items []Item[T]
	Bytes int
}

// Batcher collects one lane of one provider. Not safe for concurrent use.
type Batcher[T any] struct {
	lane   decision.Lane
	limits Limits
	open   map[Key]*pending[T]
	// order keeps keys fair: the one that waits longest is taken first.
	order []Key
	bytes int
	count int
	// seen are the ids of the batch that is being cut.
	seen map[string]struct{}
}

type pending[T any] struct {
	items []Item[T]
	bytes int
	dues  dues
}

// dues knows the earliest due time of a queue of items: those that none behind
// them undercuts. Looking through a backlog for each request that is cut from
// it would cost its square.
type dues []int64

func (d *dues) add(due int64) {
	q := *d
	for len(q) > 0 && q[len(q)-1] > due {
		q = q[:len(q)-1]
	}
	*d = append(q, due)
}

// drop forgets the head of the queue.
func (d *dues) drop(due int64) {
	if (*d)[0] == due {
		*d = (*d)[1:]
	}
}

func (d dues) first() int64 { return d[0] }

// New makes a batcher for one lane.
func New[T any](lane decision.Lane, limits Limits) *Batcher[T] {
	return &Batcher[T]{lane: lane, limits: limits, open: make(map[Key]*pending[T]), seen: make(map[string]struct{})}
}

// Len is the number of items that wait, Bytes their size.
func (b *Batcher[T]) Len() int { return b.count }

// Bytes is the size of all items that wait.
func (b *Batcher[T]) Bytes() int { return b.bytes }

// Add puts an item into its batch.
func (b *Batcher[T]) Add(k Key, item Item[T]) {
	p := b.open[k]
	if p == nil {
		p = &pending[T]{}
		b.open[k] = p
		b.order = append(b.order, k)
	}
	b.count++
	b.bytes += item.Bytes
	p.add(item)
}

func (p *pending[T]) add(item Item[T]) {
	p.items = append(p.items, item)
	p.bytes += item.Bytes
	p.dues.add(item.Due)
}

// Due is when the next batch wants to be taken; false when nothing waits.
// ready says which keys may be sent to now; the others are passed over.
func (b *Batcher[T]) Due(ready func(Key) bool) (int64, bool) {
	var due int64
	found := false
	for k, p := range b.open {
		if !ready(k) {
			continue
		}
		at := p.dues.first()
		if b.full(k, p) {
			at = 0
		}
		if !found || at < due {
			due, found = at, true
		}
	}
	return due, found
}

// Overdue lists the keys whose next batch should have been taken before a
// time: they linger for nothing.
func (b *Batcher[T]) Overdue(before int64) []Key {
	var keys []Key
	for _, k := range b.order {
		if b.open[k].dues.first() < before {
			keys = append(keys, k)
		}
	}
	return keys
}

// full: lingering is no use any more.
func (b *Batcher[T]) full(k Key, p *pending[T]) bool {
	return len(p.items) >= b.limits.events(k) || p.bytes >= b.limits.Bytes
}

// Take gives the next request: one that is full or due at now, among the keys
// that are ready. false when there is none.
func (b *Batcher[T]) Take(now int64, ready func(Key) bool) (Batch[T], bool) {
	for i, k := range b.order {
		p := b.open[k]
		if (p.dues.first() > now && !b.full(k, p)) || !ready(k) {
			continue
		}
		b.order[copy(b.order[i:], b.order[i+1:])+i] = k
		return b.cut(k, p), true
	}
	return Batch[T]{}, false
}

// Drain gives every remaining item of the keys that match, for a revoked
// partition or a blocked destination.
func (b *Batcher[T]) Drain(match func(Key, Item[T]) bool) []Item[T] {
	var out []Item[T]
	for _, k := range append([]Key(nil), b.order...) {
		p := b.open[k]
		kept := make([]Item[T], 0, len(p.items))
		for _, item := range p.items {
			if match(k, item) {
				out = append(out, item)
				b.count--
				b.bytes -= item.Bytes
			} else {
				kept = append(kept, item)
			}
		}
		b.refill(k, p, kept)
	}
	return out
}

// cut takes as many items of p as one request may hold. An item whose id the
// request has already stays for the next one.
func (b *Batcher[T]) cut(k Key, p *pending[T]) Batch[T] {
	n, size, most := 0, 0, b.limits.events(k)
	clear(b.seen)
	var taken, left []Item[T] // once an id came twice
	for ; n < len(p.items) && n-len(left) < most; n++ {
		item := p.items[n]
		if n > len(left) && size+item.Bytes > b.limits.Bytes {
			break
		}
		if b.again(item.ID, most) {
			if left == nil {
				taken = append(taken, p.items[:n]...)
			}
			left = append(left, item)
			continue
		}
		size += item.Bytes
		if left != nil {
			taken = append(taken, item)
		}
	}
	b.bytes -= size
	if left != nil {
		b.count -= len(taken)
		b.refill(k, p, append(left, p.items[n:]...))
		return Batch[T]{Key: k, Lane: b.lane, Items: taken, Bytes: size}
	}
	b.count -= n
	all := p.items
	if n == len(all) {
		b.refill(k, p, nil)
	} else {
		p.drop(n)
	}
	return Batch[T]{Key: k, Lane: b.lane, Items: all[:n:n], Bytes: size}
}

// again says whether a request of so many items has an id already.
func (b *Batcher[T]) again(id string, most int) bool {
	if most == 1 {
		return false
	}
	before := len(b.seen)
	b.seen[id] = struct{}{}
	return len(b.seen) == before
}

// drop forgets the first n items. A backlog is cut many times: putting the
// rest together anew each time would cost its square.
func (p *pending[T]) drop(n int) {
	for _, item := range p.items[:n] {
		p.bytes -= item.Bytes
		p.dues.drop(item.Due)
	}
	p.items = p.items[n:]
}

// refill makes items the content of k, or forgets the key.
func (b *Batcher[T]) refill(k Key, p *pending[T], items []Item[T]) {
	if len(items) == 0 {
		delete(b.open, k)
		for i := range b.order {
			if b.order[i] == k {
				b.order = append(b.order[:i:i], b.order[i+1:]...)
				break
			}
		}
		return
	}
	p.items, p.bytes, p.dues = nil, 0, nil
	for _, item := range items {
		p.add(item)
	}
}
