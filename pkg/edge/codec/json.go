package codec

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// jsonState is what a parsing coder knows beside its position. An object is
// indexed when it is opened: the positions of its members go onto a stack, and
// the field list looks its names up there. A field list thereby reads JSON in
// any order, and ignores members that it does not name.
type jsonState struct {
	members []member
	frames  []int // where the members of each open object begin
	found   bool  // pos is at a value that locate or next has found
	entry   string
	// lenient: a wrong type sets malformed instead of failing (consent), and wrong
	// is the first field that had one.
	lenient, malformed bool
	wrong              string
}

// member is one member of an object: its key, and where its value begins.
type member struct {
	key string
	at  int
	// used: a field has asked for it.
	used bool
}

const wrongType = "it has the wrong type"

// mismatch reports a value of the wrong type.
func (c *coder) mismatch(name, fault string) {
	if c.json.lenient {
		c.spoil(name)
		return
	}
	c.broken(name, fault)
}

// spoil makes consent malformed because of a field.
func (c *coder) spoil(name string) {
	if !c.json.malformed {
		c.json.malformed, c.json.wrong = true, name
	}
}

// unknownMember gives the first member of the innermost object that no field has
// asked for and that says something; "" where there is none.
func (c *coder) unknownMember() string {
	if c.mode != parsing || c.stopped() || len(c.json.frames) == 0 {
		return ""
	}
	members := c.json.members[c.json.frames[len(c.json.frames)-1]:]
	for i := range members {
		m := &members[i]
		if m.used || c.buf[m.at] == 'n' {
			continue
		}
		if m.key == "" {
			return hiddenMember // a name all the same
		}
		return m.key
	}
	return ""
}

// locate moves to the value of the innermost object's member; false where it
// is absent or null.
func (c *coder) locate(name string) bool {
	c.json.found = false
	if c.stopped() || len(c.json.frames) == 0 {
		return false
	}
	at := -1
	members := c.json.members[c.json.frames[len(c.json.frames)-1]:]
	for i := range members {
		m := &members[i]
		if m.key != name {
			continue
		}
		m.used = true
		if at >= 0 {
			c.mismatch(name, "it occurs twice")
			return false
		}
		at = m.at
	}
	if at < 0 || c.buf[at] == 'n' {
		return false
	}
	c.pos, c.json.found = at, true
	return true
}

// value moves to the value of the named field unless it has been found, and
// gives its first byte; 0 where it is absent or null.
func (c *coder) value(name string) byte {
	if !c.json.found && !c.locate(name) {
		return 0
	}
	c.json.found = false
	return c.buf[c.pos]
}

// openObject indexes the object at the position. What is no object reads as an
// empty one.
func (c *coder) openObject(name string) {
	c.json.frames = append(c.json.frames, len(c.json.members))
	first := c.value(name)
	if first == 0 {
		return
	}
	if first != '{' {
		c.mismatch(name, wrongType)
		return
	}
	s := scanner{buf: c.buf, pos: c.pos + 1}
	for {
		key, ok := s.nextKey()
		if !ok {
			return
		}
		c.json.members = append(c.json.members, member{key: key, at: s.pos})
		s.skip(0)
	}
}

func (c *coder) closeObject() {
	last := len(c.json.frames) - 1
	c.json.members = c.json.members[:c.json.frames[last]]
	c.json.frames = c.json.frames[:last]
}

// openList starts an array or a map.
func (c *coder) openList(name string, open, closing byte) entries {
	e := entries{name: name, i: -1, close: closing, at: -1}
	first := c.value(name)
	switch {
	case first == 0:
	case first != open:
		c.mismatch(name, wrongType)
	default:
		e.at = c.pos + 1
	}
	return e
}

// nextParsed moves to the next entry that is not null. It stops one entry after
// the limit: an event that is written on stays over the limit.
func (c *coder) nextParsed(e *entries) bool {
	if e.at < 0 || c.stopped() {
		return false
	}
	s := scanner{buf: c.buf, pos: e.at}
	for {
		if e.close == '}' {
			key, ok := s.nextKey()
			if !ok {
				return false
			}
			c.json.entry = key
		} else if !s.nextElement() {
			return false
		}
		at := s.pos
		s.skip(0)
		if c.buf[at] == 'n' {
			continue
		}
		if c.maxEntries > 0 && e.i >= c.maxEntries {
			c.fail(decision.EventInvalid, e.name, tooManyEntries)
			if e.i > c.maxEntries {
				return false
			}
		}
		e.at, c.pos, c.json.found = s.pos, at, true
		return true
	}
}

func (c *coder) parseString(name string, p *string) {
	switch c.value(name) {
	case 0:
	case '"':
		s := scanner{buf: c.buf, pos: c.pos}
		*p = s.text()
		if s.halved {
			c.note(name, event.NoteReplaced)
		}
		if c.maxField > 0 && len(*p) > c.maxField {
			c.fail(decision.EventInvalid, name, tooLongField)
		}
	default:
		c.mismatch(name, wrongType)
	}
}

func (c *coder) parseBool(name string, p *bool) {
	switch c.value(name) {
	case 0:
	case 't':
		*p = true
	case 'f':
		*p = false
	default:
		c.mismatch(name, wrongType)
	}
}

// number gives the text of the number at the position.
func (c *coder) number(name string) (string, bool) {
	first := c.value(name)
	if first == 0 {
		return "", false
	}
	if first != '-' && (first < '0' || first > '9') {
		c.mismatch(name, wrongType)
		return "", false
	}
	s := scanner{buf: c.buf, pos: c.pos}
	return s.numberText(), true
}

func (c *coder) parseDouble(name string, p *float64) {
	text, ok := c.number(name)
	if !ok {
		return
	}
	v, err := strconv.ParseFloat(text, 64)
	*p = v
	if err != nil {
		// The only error of a well-formed number: it overflows to infinity.
		c.fail(decision.EventInvalid, name, notFinite)
	}
}

func (c *coder) parseLong(name string, p *int64) {
	text, ok := c.number(name)
	if !ok {
		return
	}
	v, ok := wholeNumber(text)
	if !ok {
		c.mismatch(name, "it is not a whole number of 64 bits")
		return
	}
	*p = v
}

// wholeNumber reads an integer, also one that is written as 2.0 or 2e3.
func wholeNumber(text string) (int64, bool) {
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// impossibleTime stands for a time that could not be read, so that the event
// stays invalid when it is written on.
const impossibleTime = 1

// parseQuantity reads a whole number. Goods are sold by weight too: 0.75 of a
// cheese is one line of the cart.
func (c *coder) parseQuantity(name string, p *int64) {
	text, ok := c.number(name)
	if !ok {
		return
	}
	v, whole := wholeNumber(text)
	if !whole {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Abs(f) > 1<<53 {
			c.mismatch(name, "it is no number of pieces")
			return
		}
		v = int64(math.Ceil(f))
		if f < 0 {
			v = int64(math.Floor(f))
		}
		c.note(name, event.NoteRounded)
	}
	*p = v
}

// parseTime reads RFC 3339 with an offset, or epoch milliseconds.
func (c *coder) parseTime(name string, p *int64) {
	first := c.value(name)
	c.json.found = first != 0
	var ms int64
	var fault string
	switch {
	case first == 0:
		fault = timeFault(0)
	case first == '"':
		var text string
		c.parseString(name, &text)
		ms, fault = parseRFC3339(text)
	default:
		text, ok := c.number(name)
		if !ok {
			return
		}
		ms = milliseconds(text)
		fault = timeFault(ms)
	}
	if fault == "" {
		*p = ms
		return
	}
	if c.json.lenient {
		c.spoil(name)
		return
	}
	*p = impossibleTime
	if first == 0 {
		*p = 0
	}
	c.fail(decision.EventInvalid, name, fault)
}

// milliseconds reads a time; what some clocks say of a millisecond's parts falls
// away.
func milliseconds(text string) int64 {
	if v, whole := wholeNumber(text); whole {
		return v
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(f) > 1<<53 {
		return impossibleTime
	}
	return int64(math.Floor(f))
}

func parseRFC3339(text string) (ms int64, fault string) {
	const wanted = "it is not a time such as 2026-11-20T10:00:00+01:00 or epoch milliseconds"
	var t time.Time
	const date = len("2026-11-20")
	if len(text) > date && text[date] == 't' || strings.HasSuffix(text, "z") {
		text = strings.ToUpper(text) // RFC 3339 5.6 allows small letters
	}
	// UnmarshalText is strict about RFC 3339; time.Parse is not.
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return impossibleTime, wanted
	}
	ms = t.UnixMilli()
	return ms, timeFault(ms)
}

// parseScalar reads a custom property.
func (c *coder) parseScalar(v *event.Value) {
	const name = "properties"
	first := c.value(name)
	c.json.found = true
	switch first {
	case '"':
		v.Kind = event.String
		c.parseString(name, &v.Str)
	case 't', 'f':
		v.Kind = event.Boolean
		c.parseBool(name, &v.Bool)
	case '{', '[':
		c.json.found = false // a mapping that names it finds nothing
	default:
		c.parseNumber(name, v)
	}
}

// parseNumber keeps the difference between 2 and 2.0.
func (c *coder) parseNumber(name string, v *event.Value) {
	text, ok := c.number(name)
	if !ok {
		return
	}
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			v.Kind, v.Long = event.Long, n
			return
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	v.Kind, v.Double = event.Double, f
	if err != nil {
		c.fail(decision.EventInvalid, name, notFinite)
	}
}
