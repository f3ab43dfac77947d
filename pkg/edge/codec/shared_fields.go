package codec

import (
	"errors"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// sourceFields are the coordinates of an input record.
func sourceFields(c *coder, at *event.Coordinates) {
	if c.again(sourcePart) {
		return
	}
	c.record("source")
	c.str("topic", &at.Topic)
	c.key16("topic_id", (*[16]byte)(&at.TopicID))
	integer(c, "partition", &at.Partition)
	c.long("offset", &at.Offset)
	c.optTime("append_time", &at.AppendTime)
	c.end()
	c.close(sourcePart)
}

// basisFields are what a consent decision rests on, and what somebody said.
func basisFields(c *coder, b *consent.Basis, said *consent.State) {
	if c.again(consentPart) {
		return
	}
	c.record("consent")
	word(c, "basis", &b.Source, b.Source.String(), parseSource)
	c.optTime("at", &b.At)
	c.long("offset", &b.Offset)
	optWord(c, "purpose", &b.Purpose, b.Purpose.String(), parsePurpose)
	optWord(c, "malformed", &b.Malformed, b.Malformed.String(), parsePart)
	word(c, "regime", &b.Regime, b.Regime.String(), parseRegime)
	jurisdictionField(c, &b.Jurisdiction)
	c.boolean("from_identity", &b.FromIdentity)
	c.str("policy", &b.PolicyID)
	c.str("policy_version", &b.PolicyVersion)
	stateField(c, said)
	c.end()
	c.close(consentPart)
}

// jurisdictionField travels as DE or US-CA.
func jurisdictionField(c *coder, j *consent.Jurisdiction) {
	if c.mode != reading {
		// Joined here and not by String, which allocates.
		var joined [16]byte
		text := append(joined[:0], j.Country...)
		if j.Region != "" {
			text = append(append(text, '-'), j.Region...)
		}
		s := alias(text)
		c.optStr("jurisdiction", &s)
		return
	}
	var text string
	c.optStr("jurisdiction", &text)
	j.Country, j.Region, _ = strings.Cut(text, "-")
}

// stateField is a map of what was granted or denied.
func stateField(c *coder, s *consent.State) {
	n := 0
	for p := consent.AdStorage; p <= consent.AnalyticsStorage; p <<= 1 {
		if s.Get(p) != consent.NotGiven {
			n++
		}
	}
	p := consent.PurposeSet(0)
	for l := c.dict("purposes", n); c.next(&l); {
		var name, answer string
		if c.mode != reading {
			for p = max(p<<1, consent.AdStorage); s.Get(p) == consent.NotGiven; p <<= 1 {
			}
			name, answer = p.String(), s.Get(p).String()
		}
		c.entryKey("purposes", &name)
		c.elem("purposes", &answer)
		if c.mode == reading {
			readPurpose(c, s, name, answer)
		}
	}
}

func readPurpose(c *coder, s *consent.State, name, answer string) {
	p, err := parsePurpose(name)
	switch {
	case err == nil && answer == "granted":
		s.Granted |= p
	case err == nil && answer == "denied":
		s.Denied |= p
	case !c.open:
		c.broken("purposes", "its word is not known")
	}
}

// identifierFields are kinds, never values.
func identifierFields(c *coder, s *decision.IdentifierStatus) {
	if c.again(identifierPart) {
		return
	}
	c.record("identifiers")
	for l := c.array("present", len(s.Present)); c.next(&l); {
		grow(c, &s.Present)
		kindField(c, "present", &s.Present[l.i])
	}
	for l := c.array("dropped", len(s.Dropped)); c.next(&l); {
		grow(c, &s.Dropped)
		d := &s.Dropped[l.i]
		c.record("")
		kindField(c, "kind", &d.Kind)
		c.str("reason", (*string)(&d.Reason))
		c.end()
	}
	integer(c, "unsafe_dropped", &s.UnsafeDropped)
	integer(c, "warnings", &s.Warnings)
	c.double("match_quality", &s.MatchQuality)
	for l := c.array("notes", len(s.Notes)); c.next(&l); {
		grow(c, (*[]event.Note)(&s.Notes))
		n := &s.Notes[l.i]
		c.record("")
		c.str("path", &n.Path)
		c.str("code", (*string)(&n.Code))
		c.end()
	}
	c.end()
	c.close(identifierPart)
}

// kindField is a kind of identifier. A kind that a newer program has added
// reads as KindCount, which prints as kind(?).
func kindField(c *coder, name string, k *decision.Kind) {
	if c.mode == printing && name == "present" {
		name = ""
	}
	text := k.String()
	if c.mode == writing {
		c.writeString(text)
		return
	}
	c.str(name, &text)
	if c.mode != reading || c.fault != "" {
		return
	}
	known, ok := decision.ParseKind(text)
	if !ok {
		known = decision.KindCount
	}
	*k = known
}

// optWord is a nullable word; the zero value's empty word is null.
func optWord[T any](c *coder, name string, p *T, text string, parse func(string) (T, error)) {
	if c.optional(name, text != "") {
		word(c, name, p, text, parse)
	}
}

func idSourceField(c *coder, name string, p *event.IDSource) {
	word(c, name, p, p.String(), parseIDSource)
}

func parseIDSource(text string) (event.IDSource, error) {
	switch text {
	case "explicit":
		return event.IDExplicit, nil
	case "derived":
		return event.IDDerived, nil
	}
	return 0, errWord
}

func parseSource(text string) (consent.Source, error) {
	for s := consent.Nobody; s <= consent.FromRecord; s++ {
		if s.String() == text {
			return s, nil
		}
	}
	return 0, errWord
}

func parsePart(text string) (consent.Part, error) {
	p, ok := consent.ParsePart(text)
	if !ok {
		return 0, errWord
	}
	return p, nil
}

func parseRegime(text string) (consent.Regime, error) {
	r, ok := consent.ParseRegime(text)
	if !ok {
		return 0, errWord
	}
	return r, nil
}

// parsePurpose reads one purpose, or several joined by commas.
func parsePurpose(text string) (consent.PurposeSet, error) {
	for p := consent.AdStorage; p <= consent.AnalyticsStorage; p <<= 1 {
		if p.String() == text {
			return p, nil
		}
	}
	return consent.ParsePurposes(strings.Split(text, ","))
}

var errWord = errors.New("the word is not known")
