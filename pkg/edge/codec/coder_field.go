package codec

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// str is a string that is never null.
func (c *coder) str(name string, p *string) {
	switch c.mode {
	case reading:
		*p = c.readString(name)
	case writing:
		c.writeString(*p)
	case parsing:
		c.parseString(name, p)
	default:
		c.key(name)
		c.printString(*p)
	}
}

// optStr is a nullable string; empty and null are the same.
func (c *coder) optStr(name string, p *string) {
	if present := *p != ""; !c.none(present) && c.optional(name, present) {
		c.str(name, p)
	}
}

// raw is a nullable personal value.
func (c *coder) raw(name string, p *identity.Raw) {
	s := p.Reveal()
	if c.none(s != "") {
		return
	}
	c.optStr(name, &s)
	if c.in() {
		*p = identity.NewRaw(s)
	}
}

// given is a nullable string that tells null from empty.
func (c *coder) given(name string, p *consent.Field) {
	if present := p.Given; !c.none(present) && c.optional(name, present) {
		c.str(name, &p.Value)
		if c.in() {
			p.Given = true
		}
	}
}

// tri is a nullable boolean.
func (c *coder) tri(name string, p *consent.Tri) {
	if present := *p != consent.Unset; !c.none(present) && c.optional(name, present) {
		v := *p == consent.True
		c.boolean(name, &v)
		if c.in() {
			*p = consent.TriOf(v)
		}
	}
}

func (c *coder) boolean(name string, p *bool) {
	switch c.mode {
	case reading:
		*p = c.readBool(name)
	case writing:
		c.writeBool(*p)
	case parsing:
		c.parseBool(name, p)
	default:
		c.key(name)
		c.printBool(*p)
	}
}

func (c *coder) optBool(name string, p *event.Opt[bool]) {
	if present := p.Set; !c.none(present) && c.optional(name, present) {
		c.boolean(name, &p.Value)
		if c.in() {
			p.Set = true
		}
	}
}

func (c *coder) long(name string, p *int64) {
	switch c.mode {
	case reading:
		*p = c.readLong(name)
	case writing:
		c.writeLong(*p)
	case parsing:
		c.parseLong(name, p)
	default:
		c.key(name)
		c.printLong(*p)
	}
}

// integer is any integer type whose values fit 64 bits.
func integer[T ~int | ~int32 | ~uint8 | ~uint16 | ~uint32](c *coder, name string, p *T) {
	v := int64(*p)
	c.long(name, &v)
	if c.mode == reading {
		*p = T(v)
		if int64(*p) != v {
			c.broken(name, "it is out of range")
		}
	}
}

func (c *coder) optLong(name string, p *event.Opt[int64]) {
	if present := p.Set; !c.none(present) && c.optional(name, present) {
		c.long(name, &p.Value)
		if c.in() {
			p.Set = true
		}
	}
}

// optQuantity is optLong for what may be written as a fraction in JSON.
func (c *coder) optQuantity(name string, p *event.Opt[int64]) {
	if c.mode != parsing {
		c.optLong(name, p)
		return
	}
	if c.optional(name, false) {
		c.parseQuantity(name, &p.Value)
		p.Set = true
	}
}

func (c *coder) double(name string, p *float64) {
	switch c.mode {
	case reading:
		*p = c.readDouble(name)
	case writing:
		c.writeDouble(*p)
	case parsing:
		c.parseDouble(name, p)
	default:
		c.key(name)
		c.printDouble(*p)
	}
}

func (c *coder) optDouble(name string, p *event.Opt[float64]) {
	if present := p.Set; !c.none(present) && c.optional(name, present) {
		c.double(name, &p.Value)
		if c.in() {
			p.Set = true
		}
	}
}

// time is a timestamp in epoch milliseconds that is never null.
func (c *coder) time(name string, p *int64) {
	switch c.mode {
	case reading:
		*p = c.readLong(name)
		if fault := timeFault(*p); c.checked && c.fault == "" && fault != "" {
			c.fail(decision.EventInvalid, name, fault)
		}
	case writing:
		c.writeLong(*p)
	case parsing:
		c.parseTime(name, p)
	default:
		c.key(name)
		c.printTime(*p)
	}
}

// optTime is a nullable timestamp; zero and null are the same.
func (c *coder) optTime(name string, p *int64) {
	if present := *p != 0; !c.none(present) && c.optional(name, present) {
		c.time(name, p)
	}
}

// blob is bytes that are never null.
func (c *coder) blob(name string, p *[]byte) {
	switch c.mode {
	case reading:
		*p = c.readBytes(name)
	case writing:
		c.writeBytes(*p)
	default:
		c.key(name)
		c.printBase64(*p)
	}
}

// optBlob is nullable bytes; nil is null, empty is not.
func (c *coder) optBlob(name string, p *[]byte) {
	if present := *p != nil; !c.none(present) && c.optional(name, present) {
		c.blob(name, p)
		if c.mode == reading && *p == nil {
			*p = c.buf[:0:0]
		}
	}
}

// key16 is nullable bytes, 16 of them; all zero is null.
func (c *coder) key16(name string, p *[16]byte) {
	if present := *p != [16]byte{}; c.none(present) || !c.optional(name, present) {
		return
	}
	switch c.mode {
	case reading:
		b := c.readBytes(name)
		if len(b) != len(p) {
			c.broken(name, "it is not 16 bytes long")
			return
		}
		copy(p[:], b)
	case writing:
		c.writeBytes(p[:])
	default:
		c.key(name)
		c.printHex(p[:])
	}
}

// strs is an array of strings.
func (c *coder) strs(name string, p *[]string) {
	if c.none(len(*p) > 0) {
		return
	}
	for l := c.array(name, len(*p)); c.next(&l); {
		grow(c, p)
		c.elem(name, &(*p)[l.i])
	}
}

// raws is an array of personal values.
func (c *coder) raws(name string, p *[]identity.Raw) {
	if c.none(len(*p) > 0) {
		return
	}
	for l := c.array(name, len(*p)); c.next(&l); {
		grow(c, p)
		s := (*p)[l.i].Reveal()
		c.elem(name, &s)
		if c.in() {
			(*p)[l.i] = identity.NewRaw(s)
		}
	}
}

// namedRaws is a map of personal values.
func (c *coder) namedRaws(name string, p *[]event.NamedRaw) {
	if c.none(len(*p) > 0) {
		return
	}
	for l := c.dict(name, len(*p)); c.next(&l); {
		grow(c, p)
		entry := &(*p)[l.i]
		c.entryKey(name, &entry.Name)
		s := entry.Value.Reveal()
		c.elem(name, &s)
		if !c.in() {
			continue
		}
		entry.Value = identity.NewRaw(s)
		if hasName(*p, entry.Name) {
			c.broken(name, "a key occurs twice")
		}
	}
}

// hasName tells whether the last entry's name occurs before it.
func hasName(list []event.NamedRaw, name string) bool {
	for i := range len(list) - 1 {
		if list[i].Name == name {
			return true
		}
	}
	return false
}

// entryKey is the key of an entry of the map called name.
func (c *coder) entryKey(name string, p *string) {
	switch c.mode {
	case parsing:
		*p = c.json.entry
	case printing:
		c.key(*p)
	default:
		c.str(name, p)
	}
}

// elem is a string in the list or map called name.
func (c *coder) elem(name string, p *string) {
	if c.mode == printing {
		name = ""
	}
	c.str(name, p)
}

// word is an enumeration that travels as its word. parse must not keep its
// argument. Where c is open, a word that this program does not know reads as
// the zero value.
func word[T any](c *coder, name string, p *T, text string, parse func(string) (T, error)) {
	if c.mode == writing {
		c.writeString(text)
		return
	}
	c.str(name, &text)
	if c.mode != reading || c.fault != "" {
		return
	}
	v, err := parse(text)
	if err != nil {
		if !c.open {
			c.broken(name, "its word is not known")
		}
		return
	}
	*p = v
}

// rawStr is a personal value that is never null.
func (c *coder) rawStr(name string, p *identity.Raw) {
	s := p.Reveal()
	c.str(name, &s)
	if c.in() {
		*p = identity.NewRaw(s)
	}
}
