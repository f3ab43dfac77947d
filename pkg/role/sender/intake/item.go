package intake

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
)

// Item is one delivery between the poll and its settlement.
type Item struct {
	Record    *kgo.Record
	Delivery  decision.Delivery
	Hop       codec.Hop
	From      *Topic // that it was read from
	partition *partition
	bytes     int
	// Read is when it was read, by the clock of the tables.
	Read time.Time
	// Due is when the head of a retry topic is handled, epoch ms.
	Due int64
	// undecoded is why the record could not be read.
	undecoded error
	// chained is the next of those that share a slot; see admitted.
	chained *Item
	// kinds are room for the delivery's kinds of identifiers.
	kinds [decision.KindCount]decision.Kind
}

// itemOverhead is what a decoded delivery costs beside its record, roughly.
const itemOverhead = 1024

// slab is how many items share one piece of memory. One of them that waits for
// long keeps the others' room, as it keeps the bytes of the records that were
// compressed together with its own.
const slab = 16

// readAll makes items of what a poll brought.
func readAll(ctx context.Context, fetches kgo.Fetches, by deliveries) []*Item {
	now := time.Now()
	list := make([]*Item, 0, fetches.NumRecords())
	var room []Item
	fetches.EachRecord(func(record *kgo.Record) {
		if len(room) == 0 {
			room = make([]Item, min(slab, cap(list)-len(list)))
		}
		it := &room[0]
		room = room[1:]
		it.Read = now
		it.fill(ctx, record, by)
		list = append(list, it)
	})
	return list
}

// fill makes an item of a record.
func (it *Item) fill(ctx context.Context, r *kgo.Record, by deliveries) {
	it.Record, it.bytes = r, kafka.RecordSize(r)+itemOverhead
	it.Delivery.Identifiers.Present = it.kinds[:0]
	if it.Hop, it.undecoded = codec.ParseHop(r.Headers); it.undecoded == nil {
		it.undecoded = by.Decode(ctx, r.Value, &it.Delivery)
	}
	if it.Hop.FirstHandover == 0 {
		it.Hop.FirstHandover = r.Timestamp.UnixMilli()
	}
}

// Destination is the id of the delivery's destination.
func (it *Item) Destination() string { return it.Delivery.Facts.DestinationID }

// Key says which deliveries may share a request with this one.
func (it *Item) Key() batcher.Key {
	return batcher.Key{Destination: it.Destination(), Group: it.Delivery.Group, Account: it.Delivery.Facts.Account}
}

// Revoked says that the item's partition was taken away: its new owner decides
// about it.
func (it *Item) Revoked() bool { return it.partition.revoked }

// Fits says whether the destination's share of the partition's window has room.
func (it *Item) Fits() bool { return it.partition.window.Fits(it.Destination(), 0) }

// Owned leaves out what was revoked.
func Owned(items []*Item) []*Item {
	kept := items[:0:0]
	for _, it := range items {
		if !it.Revoked() {
			kept = append(kept, it)
		}
	}
	return kept
}
