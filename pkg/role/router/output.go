package router

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// output collects the records of a batch in memory that is used again: one
// arena for keys and values, one slice of records.
type output struct {
	arena   []byte
	records []kgo.Record
	refs    []*kgo.Record
	headers []kgo.RecordHeader
}

func (o *output) reset() {
	o.arena = o.arena[:0]
	clear(o.records)
	o.records = o.records[:0]
	clear(o.headers)
	o.headers = o.headers[:0]
}

// bytes appends to the arena and returns what was added. When the arena grows
// it moves, and what was returned before keeps the old memory alive.
func (o *output) bytes(add func([]byte) []byte) []byte {
	start := len(o.arena)
	o.arena = add(o.arena)
	return o.arena[start:len(o.arena):len(o.arena)]
}

// copy keeps nil, which is a null key or no header, apart from empty.
func (o *output) copy(b []byte) []byte {
	if b == nil {
		return nil
	}
	return o.bytes(func(dst []byte) []byte { return append(dst, b...) })
}

// add gives the record's place. The slices may alias the arena.
func (o *output) add(topic string, key, value []byte, trace []byte) int {
	r := kgo.Record{Topic: topic, Key: key, Value: value}
	if trace != nil {
		start := len(o.headers)
		o.headers = append(o.headers, kgo.RecordHeader{Key: codec.HeaderTraceParent, Value: trace})
		r.Headers = o.headers[start:len(o.headers):len(o.headers)]
	}
	o.records = append(o.records, r)
	return len(o.records) - 1
}

// drop leaves the record at a place out; none is allowed.
func (o *output) drop(place int) {
	if place != none {
		o.records[place] = kgo.Record{}
	}
}

// list gives the records once all are there: only then do they stand still.
func (o *output) list() []*kgo.Record {
	o.refs = o.refs[:0]
	for i := range o.records {
		if o.records[i].Topic != "" {
			o.refs = append(o.refs, &o.records[i])
		}
	}
	return o.refs
}
