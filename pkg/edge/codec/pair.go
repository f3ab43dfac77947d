package codec

import "github.com/sluicehq/sluice/pkg/core/decision"

// part is what a delivery and its diagnostic say in the same bytes.
type part uint8

const (
	consentPart part = iota
	identifierPart
	sourcePart
	partCount
)

// span is where a part stands in the output; zero: nowhere yet.
type span struct{ from, to int }

// again copies a part that a coder of a pair has written before. False: the
// part has to be written, and closed.
func (c *coder) again(p part) bool {
	if !c.pair {
		return false
	}
	s := &c.parts[p]
	if s.to == 0 {
		s.from = len(c.buf)
		return false
	}
	c.buf = append(c.buf, c.buf[s.from:s.to]...)
	return true
}

func (c *coder) close(p part) {
	if c.pair {
		c.parts[p].to = len(c.buf)
	}
}

// AppendQueued appends a delivery and the diagnostic of the decision to queue
// it, and gives the place where the diagnostic begins. Consent, identifiers and
// source must be the same in both: they are encoded once.
func (w *Writer) AppendQueued(dst []byte, d *decision.Delivery, queued *decision.Decision) (out []byte, diagnostic int) {
	c := coder{mode: writing, pair: true, buf: AppendFrame(dst, w.delivery)}
	deliveryFields(&c, d)
	diagnostic = len(c.buf)
	c.buf = AppendFrame(c.buf, w.decision)
	diagnosticFields(&c, queued)
	return c.buf, diagnostic
}
