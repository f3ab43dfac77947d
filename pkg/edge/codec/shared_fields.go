package codec

import (
	"errors"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// jurisdictionField travels as DE or US-CA.
func jurisdictionField(c *coder, j *consent.Jurisdiction) {
	if c.mode != reading {
		// Joined here and not by String, which allocates.
		var joined [16]byte
		s := alias(joinJurisdiction(joined[:0], j))
		c.optStr("jurisdiction", &s)
		return
	}
	var text string
	c.optStr("jurisdiction", &text)
	j.Country, j.Region, _ = strings.Cut(text, "-")
}

func joinJurisdiction(b []byte, j *consent.Jurisdiction) []byte {
	b = append(b, j.Country...)
	if j.Region != "" {
		b = append(append(b, '-'), j.Region...)
	}
	return b
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

// presentField is an array of kinds.
func presentField(c *coder, p *[]decision.Kind) {
	for l := c.array("present", len(*p)); c.next(&l); {
		grow(c, p)
		kindField(c, "present", &(*p)[l.i])
	}
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
