package codec

import "github.com/sluicehq/sluice/schemas"

// State is what a command wants to know again later: schemas/state.avsc.
type State struct {
	Kind, Name string
	UpdatedAt  int64 // epoch ms
	Author     string
	Phase      string
	Settings   []StateSetting
	Counts     []StateCount
	Places     []StatePlace
}

// StateSetting is one argument of a command.
type StateSetting struct{ Name, Value string }

// StateCount is one count.
type StateCount struct {
	Name  string
	Count int64
}

// StatePlace is a range of offsets of one partition: From to before End, of
// which Position is read next.
type StatePlace struct {
	Topic               string
	Partition           int32
	From, End, Position int64
}

func stateFields(c *coder, s *State) {
	c.str("kind", &s.Kind)
	c.str("name", &s.Name)
	c.time("updated_at", &s.UpdatedAt)
	c.optStr("author", &s.Author)
	c.str("phase", &s.Phase)
	for l := c.array("settings", len(s.Settings)); c.next(&l); {
		grow(c, &s.Settings)
		c.record("")
		c.str("name", &s.Settings[l.i].Name)
		c.str("value", &s.Settings[l.i].Value)
		c.end()
	}
	for l := c.array("counts", len(s.Counts)); c.next(&l); {
		grow(c, &s.Counts)
		c.record("")
		c.str("name", &s.Counts[l.i].Name)
		c.long("count", &s.Counts[l.i].Count)
		c.end()
	}
	for l := c.array("places", len(s.Places)); c.next(&l); {
		grow(c, &s.Places)
		p := &s.Places[l.i]
		c.record("")
		c.str("topic", &p.Topic)
		integer(c, "partition", &p.Partition)
		c.long("from", &p.From)
		c.long("end", &p.End)
		c.long("position", &p.Position)
		c.end()
	}
}

// AppendState appends s as a framed Avro value.
func AppendState(dst []byte, id SchemaID, s *State) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	stateFields(&c, s)
	return c.buf
}

// DecodeState reads a state in our schema (without its frame). Strings alias
// body.
func DecodeState(dst *State, body []byte) error {
	*dst = State{}
	c := reader(body)
	c.open = true
	stateFields(&c, dst)
	return c.err()
}

// States reads states, whoever wrote them.
func States(r *Registry) (*Decoder[State], error) {
	return newDecoder(r, schemas.State, DecodeState)
}
