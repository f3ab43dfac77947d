package codec

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// pair writes a delivery and its diagnostic, which have parts in common: the
// diagnostic takes the bytes of the delivery. A nil pair writes one of them.
type pair struct{ parts [partCount]span }

type part uint8

const (
	consentPart part = iota
	identifierPart
	sourcePart
	partCount
)

// span is where a part stands in the output; zero: nowhere yet.
type span struct{ from, to int }

// again repeats a part that was written before.
func (p *pair) again(b []byte, which part) ([]byte, bool) {
	if p == nil || p.parts[which].to == 0 {
		return b, false
	}
	s := p.parts[which]
	return append(b, b[s.from:s.to]...), true
}

// keep remembers where a part stands that begins at from.
func (p *pair) keep(b []byte, which part, from int) []byte {
	if p != nil {
		p.parts[which] = span{from, len(b)}
	}
	return b
}

func (p *pair) basis(b []byte, v *consent.Basis, said *consent.State) []byte {
	b, ok := p.again(b, consentPart)
	if ok {
		return b
	}
	return p.keep(putConsentBasis(b, v, said), consentPart, len(b))
}

func (p *pair) identifiers(b []byte, v *decision.IdentifierStatus) []byte {
	b, ok := p.again(b, identifierPart)
	if ok {
		return b
	}
	return p.keep(putIdentifiers(b, v), identifierPart, len(b))
}

func (p *pair) source(b []byte, v *event.Coordinates) []byte {
	b, ok := p.again(b, sourcePart)
	if ok {
		return b
	}
	return p.keep(putSource(b, v), sourcePart, len(b))
}

// AppendQueued appends a delivery and the diagnostic of the decision to queue
// it, and gives the place where the diagnostic begins. Consent, identifiers and
// source must be the same in both: they are encoded once.
func (w *Writer) AppendQueued(dst []byte, d *decision.Delivery, queued *decision.Decision) (out []byte, diagnostic int) {
	var p pair
	dst = putDelivery(AppendFrame(dst, w.delivery), &p, d)
	diagnostic = len(dst)
	return putDiagnostic(AppendFrame(dst, w.decision), &p, queued), diagnostic
}
