package ledger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/test/load/traffic"
)

// name tells a person which record and mapping is meant.
func (l *Ledger) name(p pair) string {
	w, ok := l.written[p.at]
	if !ok {
		return fmt.Sprintf("%s of an unknown record %d@%d", p.mapping, p.at.Partition, p.at.Offset)
	}
	return fmt.Sprintf("%s %s (%s, input %d@%d)", traffic.ID(w.item.N), p.mapping, w.item.Kind, p.at.Partition, p.at.Offset)
}

// waiting says where a pair waits for consent, and how far that was read.
func (l *Ledger) waiting(f *fate) string {
	if f == nil || f.held == 0 {
		return ""
	}
	text := fmt.Sprintf("; it is held %d times, according to the diagnostics, and stands in", f.held)
	for _, at := range f.heldIn {
		text += fmt.Sprintf(" %s/%d@%d", at.topic, at.partition, at.offset)
		for g, offset := range l.offsets.committed {
			if g.topicPartition == at.topicPartition {
				text += fmt.Sprintf(" (committed: %d)", offset)
			}
		}
	}
	return text
}

// nonDelivery tells ends after which a claim is free again.
func nonDelivery(ends map[traffic.Outcome]int) bool {
	for end := range ends {
		for _, status := range []string{"dead_lettered ", "revoked ", "expired "} {
			if strings.HasPrefix(end, status) {
				return true
			}
		}
	}
	return false
}

// decidedOnce is I1, with the outcome that is right for the event.
func (l *Ledger) decidedOnce(r *Report) Check {
	c := Check{ID: "I1", What: "every record has exactly one final decision per mapping, the right one"}
	groups := map[[2]string][]pair{}
	for at, w := range l.written {
		for mapping, expect := range w.item.Expect {
			p := pair{at, mapping}
			c.Looked++
			r.Pairs++
			if expect.Once != "" {
				key := [2]string{mapping, expect.Once}
				groups[key] = append(groups[key], p)
			}
			if l.lost[at] {
				continue
			}
			f := l.fates[p]
			if f == nil || len(f.routed) == 0 {
				r.Lost++
				c.fail("%s has no decision%s", l.name(p), l.waiting(f))
				continue
			}
			r.Outcomes[f.routed[0]]++
			if len(f.routed) > 1 {
				c.fail("%s was decided %d times: %v", l.name(p), len(f.routed), f.routed)
			}
			if !slices.Contains(expect.Routed, f.routed[0]) {
				c.fail("%s is %q, expected one of %q", l.name(p), f.routed[0], expect.Routed)
			}
		}
	}
	l.exactlyOne(&c, r, groups)
	for p, f := range l.fates {
		w, known := l.written[p.at]
		if !known {
			c.fail("%s was decided and never written: %v", l.name(p), f.routed)
			continue
		}
		if _, expected := w.item.Expect[p.mapping]; !expected && len(f.routed) > 0 {
			c.fail("%s is decided for a mapping that does not want it: %v", l.name(p), f.routed)
		}
	}
	return c
}

// exactlyOne holds that of all records that count once one is queued, unless
// all may have another outcome. After a refusal by the provider the claim is
// free, so a copy may follow.
func (l *Ledger) exactlyOne(c *Check, r *Report, groups map[[2]string][]pair) {
	for key, pairs := range groups {
		standing, queued, may := 0, 0, false
		for _, p := range pairs {
			expect := l.written[p.at].item.Expect[p.mapping]
			for _, o := range expect.Routed {
				may = may || o != traffic.Queued && !strings.HasPrefix(o, "duplicate ")
			}
			f := l.fates[p]
			if l.lost[p.at] || f == nil || len(f.routed) == 0 {
				may = true // reported already, or deleted before it was read
				continue
			}
			if f.routed[0] == traffic.Queued {
				queued++
				if !nonDelivery(f.ends) {
					standing++
				}
			}
		}
		switch {
		case queued == 0 && !may:
			r.Lost++
			c.fail("none of the %d records of %s was queued for %s", len(pairs), key[1], key[0])
		case standing > 1:
			c.fail("%d records of %s were queued for %s", standing, key[1], key[0])
		}
	}
}

// nothingVanished is I2.
func (l *Ledger) nothingVanished(r *Report, seen map[target]*sightings) Check {
	c := Check{ID: "I2", What: "everything eligible was accepted, or ended with a decision"}
	accounts := traffic.Accounts()
	for at, w := range l.written {
		for mapping, expect := range w.item.Expect {
			p := pair{at, mapping}
			f := l.fates[p]
			if l.lost[at] || f == nil || len(f.routed) == 0 || f.routed[0] != traffic.Queued {
				continue
			}
			c.Looked++
			if len(f.ends) == 0 {
				r.Lost++
				c.fail("%s was queued and has no end", l.name(p))
				continue
			}
			s := seen[l.target(accounts[mapping], w.item)]
			for end := range f.ends {
				r.Outcomes["then "+end]++
				status, _, _ := strings.Cut(end, " ")
				switch {
				case slices.Contains(expect.MayEnd, end):
				case status == "delivered" && (s == nil || s.accepted == 0):
					r.Lost++
					c.fail("%s is delivered, and the provider does not have it", l.name(p))
				case status == "dead_lettered" && (s == nil || s.refused == 0):
					c.fail("%s is %s, and the provider has never refused it", l.name(p), end)
				case status == "delivered", status == "dead_lettered", status == "duplicate":
				default:
					c.fail("%s ended as %s", l.name(p), end)
				}
			}
			if s != nil && s.accepted > 0 && nonDelivery(f.ends) && !l.hasEnd(f, "delivered ") && len(expect.Routed) == 1 && f.again == 0 {
				c.fail("%s was accepted by the provider and ended as %v", l.name(p), f.ends)
			}
		}
	}
	for p, a := range l.replays {
		c.Looked++
		switch {
		case a.queued > 0 && a.ended == 0:
			r.Lost++
			c.fail("%s was sent again by replay %s and has no end", l.name(p.pair), p.replay)
		case a.queued == 0:
			c.fail("%s ended in replay %s, which has not sent it", l.name(p.pair), p.replay)
		}
	}
	for _, trouble := range l.troubles {
		c.fail("unreadable: %s", trouble)
	}
	return c
}

func (l *Ledger) hasEnd(f *fate, status string) bool {
	for end := range f.ends {
		if strings.HasPrefix(end, status) {
			return true
		}
	}
	return false
}

// handedOverOnce is I3: what was queued is what stands in the delivery topics.
func (l *Ledger) handedOverOnce(r *Report) Check {
	c := Check{ID: "I3", What: "every id stands once in the delivery topics"}
	freed := map[handover]int{} // deliveries whose claim was given back
	byID := map[string]handover{}
	for h := range l.handovers {
		byID[h.destination+" "+h.eventID] = h
	}
	for p, f := range l.fates {
		w, known := l.written[p.at]
		if !known {
			continue
		}
		want := 0
		if len(f.routed) > 0 && f.routed[0] == traffic.Queued {
			want = 1
		}
		if f.queued != want {
			r.DuplicateHandovers += max(0, f.queued-1)
			c.fail("%s is decided as %v and stands %d times in the delivery topics", l.name(p), f.routed, f.queued)
		}
		if nonDelivery(f.ends) {
			if h, ok := byID[destinationOf(p.mapping)+" "+w.item.Event.ID]; ok {
				freed[h]++
			}
		}
	}
	for h, n := range l.handovers {
		c.Looked++
		if extra := n - 1 - freed[h]; extra > 0 {
			r.DuplicateHandovers += extra
			c.fail("%s for %s (%s) was handed over %d times", h.eventID, h.destination, h.target, n)
		}
	}
	return c
}

// destinationOf the test's mappings: all are named after theirs.
func destinationOf(mapping string) string { return strings.TrimSuffix(mapping, "-purchase") }

// offsetsOnlyForward is I5.
func (l *Ledger) offsetsOnlyForward() Check {
	c := Check{ID: "I5", What: "committed offsets never go back and never pass unfinished work", Looked: len(l.offsets.committed)}
	c.Detail = fmt.Sprintf("%d samples", l.offsets.samples)
	for _, bad := range append(append([]string(nil), l.offsets.backs...), l.offsets.early...) {
		c.fail("%s", bad)
	}
	if l.offsets.checked == 0 {
		c.fail("no committed offset was held against what is finished")
	}
	return c
}

// nothingStands is I6.
func (l *Ledger) nothingStands(r *Report) Check {
	c := Check{ID: "I6", What: "after a fault lag reaches zero; no partition stalls for 60 s", Looked: len(l.offsets.committed)}
	for _, bad := range l.offsets.stalls {
		c.fail("%s", bad)
	}
	for p := range l.open {
		c.fail("%s has not reached its end", l.name(p))
	}
	c.Detail = fmt.Sprintf("longest lag %.1f s", r.Longest.Seconds())
	return c
}

// tablesAgree is I12.
func (l *Ledger) tablesAgree() Check {
	c := Check{ID: "I12", What: "every table equals the fold of its topic"}
	for _, bad := range l.tables {
		if strings.HasPrefix(bad, "ok ") {
			c.Looked++
			continue
		}
		c.Looked++
		c.fail("%s", bad)
	}
	return c
}
