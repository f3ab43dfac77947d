package sender

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/kafka"
	"github.com/sluicehq/sluice/pkg/sender/batcher"
	"github.com/sluicehq/sluice/pkg/sender/settle"
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
}

// itemOverhead is what a decoded delivery costs beside its record, roughly.
const itemOverhead = 1024

// read makes an item of a record.
func read(ctx context.Context, r *kgo.Record, by deliveries) *item {
	it := &item{record: r, bytes: kafka.RecordSize(r) + itemOverhead, read: time.Now()}
	if it.hop, it.broken = codec.ParseHop(r.Headers); it.broken == nil {
		it.broken = by.Decode(ctx, r.Value, &it.delivery)
	}
	if it.hop.FirstHandover == 0 {
		it.hop.FirstHandover = r.Timestamp.UnixMilli()
	}
	return it
}

// copyID tells copies of one delivery: the claim's key names customer,
// destination, target and the id that the provider counts by, the owner the
// input record. Deliveries of two records of one event are no copies of each
// other: only the claim says which of them goes, and dropping one unheard
// could drop the one that has it.
type copyID struct {
	claim  [16]byte
	owner  int64
	replay string
}

func (it *item) copyID() copyID {
	return copyID{claim: it.delivery.ClaimKey, owner: it.delivery.ClaimOwner, replay: it.delivery.ReplayID}
}

func (it *item) destination() string { return it.delivery.Facts.DestinationID }

func (it *item) key() batcher.Key {
	return batcher.Key{Destination: it.destination(), Group: it.delivery.Group, Account: it.delivery.Facts.Account}
}

// entry pairs an item with what becomes of it.
func (it *item) entry(o settle.Outcome) ended {
	return ended{item: it, outcome: o}
}

// ended is an item whose outcome is decided.
type ended struct {
	item    *item
	outcome settle.Outcome
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
