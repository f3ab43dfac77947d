package router

import (
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// readBack reads back what the i-th item's diagnostic says, into s.rewritten.
func (s *Session) readBack(i int) error {
	_, body, err := codec.Unframe(s.out.records[s.items[i].diagnostic].Value)
	if err == nil {
		err = codec.DecodeDiagnostic(&s.rewritten, body)
	}
	if err != nil {
		return wrap(s.items[i].record, fmt.Errorf("reading back its diagnostic: %w", err))
	}
	return nil
}

// rewriteDecision changes what s.rewritten, the i-th item's decision, says after all gates:
// its diagnostic is written anew in its place, and it counts as what it is now.
func (s *Session) rewriteDecision(i int, status decision.Status, reason decision.Reason, detail string) {
	it, d := &s.items[i], &s.rewritten
	s.tally.Add(d.Status, d.Reason, -1)
	d.Status, d.Reason, d.Message = status, reason, reason.Info().Sentence
	if detail != "" {
		d.Message += " (" + detail + ")"
	}
	d.ID = decision.NewID(d.Source, d.DestinationID, d.Mapping, d.Stage, d.Status, d.ReplayID, 0)
	s.tally.Count(d.Status, d.Reason)
	it.status = d.Status
	s.out.records[it.diagnostic].Value = s.out.bytes(func(b []byte) []byte { return s.deps.Writer.AppendDiagnostic(b, d) })
}

// duplicate makes the i-th item one of what another record owns: there is no
// delivery of it.
func (s *Session) duplicate(i int, reason decision.Reason, owner dedup.Owner) error {
	if err := s.readBack(i); err != nil {
		return err
	}
	s.rewritten.DuplicateOf = owner.String()
	s.rewriteDecision(i, decision.Duplicate, reason, "")
	s.withhold(i)
	return nil
}

// undecidable withholds the i-th item: its claim cannot be read, so it may have
// been sent. A replay asks again.
func (s *Session) undecidable(i int) error {
	if err := s.readBack(i); err != nil {
		return err
	}
	s.rewriteDecision(i, decision.Skipped, decision.DuplicateUnknown, "")
	s.withhold(i)
	return nil
}

// withhold drops the i-th item's delivery.
func (s *Session) withhold(i int) {
	it := &s.items[i]
	s.out.drop(it.other)
	it.other = none
}
