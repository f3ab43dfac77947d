package settle

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// sheet is the memory that the records of one batch are written in. A batch
// leaves it once every record is acknowledged, and the next one takes it over:
// the client does not look at a record after that. Where that was not waited
// for, the sheet is left to the collector.
type sheet struct {
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

// takeSheet gives an empty sheet with room for n diagnostics.
func (s *Settler) takeSheet(n int) *sheet {
	p, used := s.sheets.Get().(*sheet)
	if !used {
		p = &sheet{}
	}
	p.ends, p.pending = make(map[End]int), submissions{}
	if cap(p.records) < n {
		p.records, p.refs = make([]kgo.Record, n), make([]*kgo.Record, 0, n)
		p.bytes = make([]byte, 0, n*usualDiagnostic)
	}
	p.records, p.refs, p.bytes = p.records[:n], p.refs[:0], p.bytes[:0]
	return p
}

// maxKeptSheet bounds the bytes of a sheet that is kept: one batch of giants
// must not hold its memory for ever.
const maxKeptSheet = 4 << 20

// giveSheet takes a sheet back whose records are all acknowledged.
func (s *Settler) giveSheet(p *sheet) {
	if cap(p.bytes) > maxKeptSheet {
		return
	}
	clear(p.records)
	clear(p.refs)
	p.decision = decision.Decision{}
	s.sheets.Put(p)
}

// diagnostics describes the outcomes in p, counts their ends, and notes what
// the provider decides later.
func (s *Settler) diagnostics(p *sheet, entries []Entry, now int64) {
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
