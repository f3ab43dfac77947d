package sender

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// item is one delivery between the poll and its settlement.
type item struct {
	record    *kgo.Record
	partition *partition
	delivery  decision.Delivery
	hop       codec.Hop
	place     *place
	bytes     int
	// read is when it was read, by the clock of the tables.
	read time.Time
	// due is when the head of a waiting place is handled, epoch ms.
	due int64
	// broken is why the record could not be read.
	broken error
	// chained is the next of those that are kept in one place; see copies.
	chained *item
	// kinds are room for the delivery's kinds of identifiers.
	kinds [decision.KindCount]decision.Kind
}

// itemOverhead is what a decoded delivery costs beside its record, roughly.
const itemOverhead = 1024

// shelf is how many items share one piece of memory. One of them that waits for
// long keeps the others' room, as it keeps the bytes of the records that were
// compressed together with its own.
const shelf = 16

// readAll makes items of what a poll brought.
func readAll(ctx context.Context, fetches kgo.Fetches, by deliveries) []*item {
	now := time.Now()
	list := make([]*item, 0, fetches.NumRecords())
	var room []item
	fetches.EachRecord(func(record *kgo.Record) {
		if len(room) == 0 {
			room = make([]item, min(shelf, cap(list)-len(list)))
		}
		it := &room[0]
		room = room[1:]
		it.read = now
		it.fill(ctx, record, by)
		list = append(list, it)
	})
	return list
}

// fill makes an item of a record.
func (it *item) fill(ctx context.Context, r *kgo.Record, by deliveries) {
	it.record, it.bytes = r, kafka.RecordSize(r)+itemOverhead
	it.delivery.Identifiers.Present = it.kinds[:0]
	if it.hop, it.broken = codec.ParseHop(r.Headers); it.broken == nil {
		it.broken = by.Decode(ctx, r.Value, &it.delivery)
	}
	if it.hop.FirstHandover == 0 {
		it.hop.FirstHandover = r.Timestamp.UnixMilli()
	}
}

func (it *item) destination() string { return it.delivery.Facts.DestinationID }

func (it *item) key() batcher.Key {
	return batcher.Key{Destination: it.destination(), Group: it.delivery.Group, Account: it.delivery.Facts.Account}
}

// entry pairs an item with what becomes of it.
func (it *item) entry(o *settle.Outcome) ended {
	return ended{item: it, outcome: o}
}

// ended is an item whose outcome is decided. Items of one request mostly share
// theirs, so it is never changed.
type ended struct {
	item    *item
	outcome *settle.Outcome
}

// intent is what a job does with the deliveries that pass the checks.
type intent uint8

const (
	toSend  intent = iota
	toMove         // copy them to a waiting place
	toProbe        // ask whether the destination would take any; there are none
)

// job is one piece of work for a goroutine of its own. All its items belong
// to one destination and group.
type job struct {
	key    batcher.Key
	lane   decision.Lane
	items  []*item
	intent intent
	// outcome of toMove.
	outcome settle.Outcome
	// retried: an answer in no table was given the benefit of the doubt once.
	retried bool
	// epoch is the destination's credentials epoch when the job started.
	epoch int
	// counted: the job stands in the counts of requests in flight.
	counted bool
}
