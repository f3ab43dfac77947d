package codec

import (
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// The branches of a property's union, in schema order.
var propertyKinds = [...]event.Kind{event.String, event.Double, event.Long, event.Boolean}

func propertyFields(c *coder, list *[]event.Property) {
	n := len(*list)
	for l := c.dict("properties", n); c.next(&l); {
		grow(c, list)
		p := &(*list)[l.i]
		if c.in() {
			p = &(*list)[len(*list)-1]
		}
		c.entryKey("properties", &p.Key)
		propertyValue(c, &p.Value)
		switch {
		case c.in() && hasKey(*list, p.Key):
			c.broken("properties", "a key occurs twice")
		case c.mode == parsing && p.Value.Kind == event.Null && !c.stopped():
			c.propertyLeftOut(p.Key)
			*list = (*list)[:len(*list)-1]
		}
	}
}

// propertyLeftOut names a property that is neither string, number nor boolean, by
// its key unless that may be personal data itself.
func (c *coder) propertyLeftOut(key string) {
	if c.notes == nil {
		return
	}
	const most = 64
	if key == "" || len(key) > most || identity.Look(key) != identity.NotSuspect {
		c.note("properties", event.NoteUnreadable)
		return
	}
	c.notes.Add(event.Member("properties", key), event.NoteUnreadable)
}

// hasKey tells whether the last entry's key occurs before it.
func hasKey(list []event.Property, key string) bool {
	for i := range len(list) - 1 {
		if list[i].Key == key {
			return true
		}
	}
	return false
}

func propertyValue(c *coder, v *event.Value) {
	const name = "properties"
	switch c.mode {
	case reading:
		branch := c.readLong(name)
		if branch < 0 || branch >= int64(len(propertyKinds)) {
			c.broken(name, "its union has no such branch")
			return
		}
		v.Kind = propertyKinds[branch]
	case writing:
		for i, kind := range propertyKinds {
			if kind == v.Kind {
				c.writeLong(int64(i))
			}
		}
	case parsing:
		c.parseScalar(v)
		return
	}
	label := name
	if c.mode == printing {
		label = ""
	}
	switch v.Kind {
	case event.String:
		c.str(label, &v.Str)
	case event.Double:
		c.double(label, &v.Double)
	case event.Long:
		c.long(label, &v.Long)
	case event.Boolean:
		c.boolean(label, &v.Bool)
	case event.Null:
		writeNullProperty(c)
	}
}

// writeNullProperty keeps the encoding well-formed for a value that decoders
// never produce: the schema has no null there, so it becomes an empty string.
func writeNullProperty(c *coder) {
	switch c.mode {
	case writing:
		c.writeLong(0)
		c.writeString("")
	case printing:
		c.buf = append(c.buf, "null"...)
	}
}
