package codec

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// mode is what a coder does with a field.
type mode uint8

const (
	reading  mode = iota // Avro into the struct
	writing              // the struct as Avro
	printing             // the struct as JSON
	parsing              // JSON into the struct
)

// coder walks the fields of a record in schema order. Its methods take the
// field's name and a pointer to it, and read or write according to the mode.
// The first fault stops a coder that reads Avro: everything after it reads as
// absent. One that parses JSON goes on after a value outside its limits, so
// that the event can be written to the input topic and be invalid there too.
type coder struct {
	mode mode
	buf  []byte // the input, or the output so far
	pos  int    // position in the input

	// Limits of an event; zero: none.
	maxField, maxEntries int
	// checked: times and numbers have to be plausible (events).
	checked bool
	// open: an unknown word reads as the zero value instead of failing, so
	// that an older program can read a newer one's diagnostics.
	open bool

	fault      string // what is wrong, a constant
	faultField string
	reason     decision.Reason

	json jsonState

	// trail is where in the record the coder is, for the paths of faults and
	// notes; depth counts its steps, also those that it has no room for.
	trail [maxTrail]step
	depth int
	notes *event.Notes // nil: nobody asks
}

// in tells whether the coder fills the struct.
func (c *coder) in() bool { return c.mode == reading || c.mode == parsing }

func reader(body []byte) coder { return coder{mode: reading, buf: body} }

// fail remembers the first fault; when parsing, the first that makes the record
// undecodable. A coder that reads Avro moves to the end of the input, so that
// every later read is short.
func (c *coder) fail(reason decision.Reason, field, fault string) {
	graver := c.mode == parsing && reason == decision.EventUndecodable && !c.stopped()
	if c.fault == "" || graver {
		c.reason, c.faultField, c.fault = reason, c.at(field), fault
	}
	if c.mode == reading {
		c.pos = len(c.buf)
	}
}

// stopped tells whether a parsing coder met what it cannot go on after.
func (c *coder) stopped() bool { return c.reason == decision.EventUndecodable }

func (c *coder) broken(field, fault string) { c.fail(decision.EventUndecodable, field, fault) }

// err gives the fault as an error; trailing bytes are one.
func (c *coder) err() error {
	if c.fault == "" && c.mode == reading && c.pos != len(c.buf) {
		c.broken("", "bytes follow the record")
	}
	if c.fault == "" {
		return nil
	}
	detail := c.fault
	if c.faultField != "" {
		detail = "field " + c.faultField + ": " + detail
	}
	return &DecodeError{Reason: c.reason, Detail: detail}
}

// readLong reads a zigzag varint.
func (c *coder) readLong(field string) int64 {
	if c.pos < len(c.buf) && c.buf[c.pos] < 0x80 {
		b := uint64(c.buf[c.pos])
		c.pos++
		return int64(b>>1) ^ -int64(b&1)
	}
	v, n := binary.Uvarint(c.buf[c.pos:])
	if n <= 0 {
		c.broken(field, "the record ends inside a number or the number is too long")
		return 0
	}
	c.pos += n
	return int64(v>>1) ^ -int64(v&1)
}

// readBytes reads a length and that many bytes, which alias the input.
func (c *coder) readBytes(field string) []byte {
	var n int64
	if c.pos < len(c.buf) && c.buf[c.pos] < 0x80 { // as readLong, which is too large to be inlined
		n = int64(c.buf[c.pos]>>1) ^ -int64(c.buf[c.pos]&1)
		c.pos++
	} else {
		n = c.readLong(field)
	}
	if n < 0 || n > int64(len(c.buf)-c.pos) {
		c.broken(field, "its length exceeds the record")
		return nil
	}
	b := c.buf[c.pos : c.pos+int(n) : c.pos+int(n)]
	c.pos += int(n)
	return b
}

// readString reads a string that aliases the input.
func (c *coder) readString(field string) string {
	b := c.readBytes(field)
	if len(b) == 0 {
		return ""
	}
	if c.maxField > 0 && len(b) > c.maxField {
		c.fail(decision.EventInvalid, field, tooLongField)
		return ""
	}
	s := alias(b)
	if !utf8.ValidString(s) {
		c.broken(field, "it is not valid UTF-8")
		return ""
	}
	return s
}

func (c *coder) readBool(field string) bool {
	if c.pos >= len(c.buf) {
		c.broken(field, "the record ends before it")
		return false
	}
	b := c.buf[c.pos]
	c.pos++
	if b > 1 {
		c.broken(field, "it is neither true nor false")
	}
	return b == 1
}

func (c *coder) readDouble(field string) float64 {
	if len(c.buf)-c.pos < 8 {
		c.broken(field, "the record ends inside a number")
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(c.buf[c.pos:]))
	c.pos += 8
	if c.checked && (math.IsNaN(v) || math.IsInf(v, 0)) {
		c.fail(decision.EventInvalid, field, notFinite)
		return 0
	}
	return v
}

func (c *coder) writeLong(v int64) {
	if u := uint64(v)<<1 ^ uint64(v>>63); u < 0x80 { // lengths, branches of unions
		c.buf = append(c.buf, byte(u))
	} else {
		c.buf = binary.AppendUvarint(c.buf, u)
	}
}

func (c *coder) writeString(s string) {
	c.writeLong(int64(len(s)))
	c.buf = append(c.buf, s...)
}

func (c *coder) writeBytes(b []byte) {
	c.writeLong(int64(len(b)))
	c.buf = append(c.buf, b...)
}

func (c *coder) writeBool(v bool) {
	if v {
		c.buf = append(c.buf, 1)
	} else {
		c.buf = append(c.buf, 0)
	}
}

func (c *coder) writeDouble(v float64) {
	c.buf = binary.LittleEndian.AppendUint64(c.buf, math.Float64bits(v))
}

// none handles what is absent, as most fields of most events are: null and the
// empty list are one zero byte in Avro. present tells what a writing coder has.
// It is small enough to be inlined. False: there is something, or the coder
// does not know yet, or its form is JSON.
func (c *coder) none(present bool) bool {
	switch c.mode {
	case reading:
		if c.pos < len(c.buf) && c.buf[c.pos] == 0 {
			c.pos++
			return true
		}
	case writing:
		if !present {
			c.buf = append(c.buf, 0)
			return true
		}
	}
	return false
}

// optional handles the union of null and one type: it says whether a value
// follows. present tells what a writing or printing coder has; one that fills
// the struct does not ask, and need not find out.
func (c *coder) optional(name string, present bool) bool {
	switch c.mode {
	case reading:
		const one = 1 << 1 // the second branch, zigzag
		if c.pos < len(c.buf) && c.buf[c.pos] == one {
			c.pos++
			return true
		}
		switch c.readLong(name) {
		case 0:
			return false
		case 1:
			return c.fault == ""
		}
		c.broken(name, "its union has no such branch")
		return false
	case writing:
		if !present {
			c.buf = append(c.buf, 0)
			return false
		}
		c.buf = append(c.buf, 2)
		return true
	case parsing:
		return c.locate(name)
	default:
		return present
	}
}

// record opens a record that is never null; close with end.
func (c *coder) record(name string) {
	c.push(name, 0)
	switch c.mode {
	case printing:
		c.key(name)
		c.buf = append(c.buf, '{')
	case parsing:
		c.openObject(name)
	}
}

// optRecord opens a nullable record; close with end where it says true.
func (c *coder) optRecord(name string, present bool) bool {
	if !c.optional(name, present) {
		return false
	}
	c.record(name)
	return true
}

func (c *coder) end() {
	c.depth--
	switch c.mode {
	case printing:
		c.buf = append(c.buf, '}')
	case parsing:
		c.closeObject()
	}
}

// entries walks an array or map.
type entries struct {
	name  string
	n, i  int   // entries in all when writing, position
	left  int64 // entries left in the block when reading
	close byte
	at    int  // position of the next entry when parsing
	on    bool // the coder's trail has a step for the list
}

func (c *coder) array(name string, n int) entries { return c.startEntries(name, n, '[', ']') }

func (c *coder) dict(name string, n int) entries { return c.startEntries(name, n, '{', '}') }

func (c *coder) startEntries(name string, n int, open, closing byte) entries {
	switch c.mode {
	case writing:
		if n > 0 {
			c.writeLong(int64(n))
		}
	case printing:
		c.key(name)
		c.buf = append(c.buf, open)
	case parsing:
		return c.openList(name, open, closing)
	}
	return entries{name: name, n: n, i: -1, close: closing}
}

// next moves to the next entry, and closes the list after the last one.
func (c *coder) next(e *entries) bool {
	e.i++
	switch c.mode {
	case reading:
		return c.stepped(e, c.nextRead(e))
	case parsing:
		return c.stepped(e, c.nextParsed(e))
	}
	if e.i < e.n {
		return true
	}
	if c.mode == writing {
		c.buf = append(c.buf, 0)
	} else {
		c.buf = append(c.buf, e.close)
	}
	return false
}

func (c *coder) nextRead(e *entries) bool {
	if c.fault != "" {
		return false
	}
	if e.left == 0 {
		e.left = c.blockCount(e.name)
		if e.left == 0 {
			return false
		}
	}
	e.left--
	if c.maxEntries > 0 && e.i >= c.maxEntries {
		c.fail(decision.EventInvalid, e.name, tooManyEntries)
		return false
	}
	return true
}

// blockCount reads the head of a block. A negative count is followed by the
// block's size in bytes. No entry of ours is smaller than a byte, so a count
// beyond the rest of the input is a lie that must not cost anything.
func (c *coder) blockCount(name string) int64 {
	n := c.readLong(name)
	if n < 0 {
		n = -n
		if c.readLong(name) < 0 {
			n = -1
		}
	}
	if n < 0 || n > int64(len(c.buf)-c.pos) {
		c.broken(name, "its number of entries exceeds the record")
		return 0
	}
	return n
}

// grow makes room for the entry that is about to be read, within the slice's
// capacity where there is any.
func grow[T any](c *coder, s *[]T) {
	if c.in() {
		var zero T
		*s = append(*s, zero)
	}
}
