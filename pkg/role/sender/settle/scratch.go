package settle

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// scratch is the memory that the records of one batch are written in. A batch
// leaves it once every record is acknowledged, and the next one takes it over:
// the client does not look at a record after that. Where that was not waited
// for, the scratch is left to the collector.
type scratch struct {
	decision decision.Decision // the one that is being described
	bytes    []byte            // keys and values of diagnostics
	records  []kgo.Record
	refs     []*kgo.Record
	ends     map[End]int
	pending  submissions
}

// usualDiagnostic is more than a key and a diagnostic mostly take, in bytes;
// memory that grows is copied each time.
const usualDiagnostic = 768

// takeScratch gives an empty scratch with room for n diagnostics.
func (s *Settler) takeScratch(n int) *scratch {
	p, used := s.scratches.Get().(*scratch)
	if !used {
		p = &scratch{}
	}
	p.ends, p.pending = make(map[End]int), submissions{}
	if cap(p.records) < n {
		p.records, p.refs = make([]kgo.Record, n), make([]*kgo.Record, 0, n)
		p.bytes = make([]byte, 0, n*usualDiagnostic)
	}
	p.records, p.refs, p.bytes = p.records[:n], p.refs[:0], p.bytes[:0]
	return p
}

// maxKeptScratch bounds the bytes of a scratch that is kept: one batch of giants
// must not hold its memory for ever.
const maxKeptScratch = 4 << 20

// giveScratch takes a scratch back whose records are all acknowledged.
func (s *Settler) giveScratch(p *scratch) {
	if cap(p.bytes) > maxKeptScratch {
		return
	}
	clear(p.records)
	clear(p.refs)
	p.decision = decision.Decision{}
	s.scratches.Put(p)
}

// diagnostics describes the outcomes in p, counts their ends, and notes what
// the provider decides later.
func (s *Settler) diagnostics(p *scratch, entries []Entry, now int64) {
	topic := s.cfg.Topics.Diagnostics()
	d := &p.decision
	for i := range entries {
		e, r := &entries[i], &p.records[i]
		s.decide(d, e, now)
		p.ends[End{d.Status, d.Reason}]++
		start := len(p.bytes)
		p.bytes = append(append(append(p.bytes, d.DestinationID...), ':'), d.EventID...)
		middle := len(p.bytes)
		p.bytes = s.deps.Encoder.AppendDiagnostic(p.bytes, d)
		end := len(p.bytes)
		r.Topic, r.Key, r.Value, r.Headers = topic, p.bytes[start:middle:middle], p.bytes[middle:end:end], trace(e.Record.Headers)
		p.refs = append(p.refs, r)
		if e.Verdict && e.Kind == Delivered {
			s.submit(&p.pending, e, d, now)
		}
	}
}
