package codec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hamba/avro/v2"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/schemas"
)

// UnknownMember is a member of an event in JSON that no field of the contract
// has. Decoding ignores it, except inside consent.
type UnknownMember struct {
	// Path is where it stands, such as identity.e_mail or commerce.items[].sku.
	// A name that may itself be personal data is not shown.
	Path string
	// Near is the path that was probably meant; "" where none is like it.
	Near string
	// Malformed: it stands inside consent, which it makes malformed.
	Malformed bool
}

// EventMembers knows the members that an event in JSON may have. It is for
// commands that read what people wrote by hand: the pipeline ignores what it
// does not know, and never asks.
type EventMembers struct {
	root *memberTree
	all  []string // every path
}

// memberTree is a record's fields; the tree of a field is nil where anything
// may stand in it, such as custom properties.
type memberTree struct {
	names  []string
	fields map[string]*memberTree
	list   bool // an array of such records
}

// NewEventMembers reads the members off the schema of analytics events.
func NewEventMembers() (*EventMembers, error) {
	text, err := schemas.Text(schemas.AnalyticsEvent)
	if err != nil {
		return nil, err
	}
	schema, err := avro.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parsing the schema of events: %w", err)
	}
	m := &EventMembers{root: membersOf(schema)}
	m.collect(m.root, "")
	return m, nil
}

func membersOf(schema avro.Schema) *memberTree {
	switch s := schema.(type) {
	case *avro.RefSchema:
		return membersOf(s.Schema())
	case *avro.UnionSchema:
		for _, branch := range s.Types() {
			if t := membersOf(branch); t != nil {
				return t
			}
		}
	case *avro.ArraySchema:
		if t := membersOf(s.Items()); t != nil {
			t.list = true
			return t
		}
	case *avro.RecordSchema:
		t := &memberTree{fields: map[string]*memberTree{}}
		for _, f := range s.Fields() {
			t.names = append(t.names, f.Name())
			t.fields[f.Name()] = membersOf(f.Type())
		}
		return t
	}
	return nil
}

func (m *EventMembers) collect(t *memberTree, prefix string) {
	for _, name := range t.names {
		m.all = append(m.all, prefix+name)
		if below := t.fields[name]; below != nil {
			m.collect(below, prefix+name+below.joint())
		}
	}
}

// joint stands between the path of a record and those of its fields.
func (t *memberTree) joint() string {
	if t.list {
		return "[]."
	}
	return "."
}

// Unknown lists the members of an event in JSON that are not known, in the order
// in which they stand. What is no JSON object has none.
func (m *EventMembers) Unknown(value []byte) []UnknownMember {
	value = withoutMark(value)
	if checkObject(value) != nil {
		return nil
	}
	s := scanner{buf: value}
	w := memberWalk{known: m}
	s.space()
	w.value(&s, m.root, "")
	return w.found
}

type memberWalk struct {
	known *EventMembers
	found []UnknownMember
}

// value passes the value at s, whose members t knows; prefix stands before
// their names.
func (w *memberWalk) value(s *scanner, t *memberTree, prefix string) {
	switch first := s.peek(); {
	case t == nil || first != '{' && first != '[':
		s.skip(0)
	case first == '[':
		s.pos++
		for s.nextElement() {
			w.value(s, t, prefix)
		}
	default:
		s.pos++
		for {
			name, ok := s.nextKey()
			if !ok {
				return
			}
			w.member(s, t, prefix, name)
		}
	}
}

func (w *memberWalk) member(s *scanner, t *memberTree, prefix, name string) {
	below, ok := t.fields[name]
	if !ok && prefix == consentPrefix {
		w.found = append(w.found, unknownConsent(name, s.peek() != 'n'))
		s.skip(0)
		return
	}
	if !ok {
		w.found = append(w.found, w.known.unknown(t, prefix, name))
		s.skip(0)
		return
	}
	if below != nil {
		prefix += name + below.joint()
	}
	w.value(s, below, prefix)
}

const consentPrefix = "consent."

// unknownConsent describes a name inside consent; one that is null says nothing.
func unknownConsent(name string, says bool) UnknownMember {
	u := UnknownMember{Path: consentPrefix + shownMember(name), Malformed: says}
	if near := nearConsentMember(name); near != "" {
		u.Near = consentPrefix + near
	}
	return u
}

// unknown describes a name that t does not have: misspelt, or in the wrong
// place.
func (m *EventMembers) unknown(t *memberTree, prefix, name string) UnknownMember {
	if len(name) > 100 || identity.Look(name) != identity.NotSuspect {
		return UnknownMember{Path: prefix + "(a name that is not shown)"}
	}
	// The name aliases the value, whose bytes are another line's soon.
	u := UnknownMember{Path: prefix + strings.Clone(name)}
	if near := document.Nearest(name, t.names); near != "" {
		u.Near = prefix + near
		return u
	}
	at := slices.IndexFunc(m.all, func(path string) bool {
		return len(path) > len(name) && path[len(path)-len(name)-1] == '.' && path[len(path)-len(name):] == name
	})
	if at >= 0 {
		u.Near = m.all[at]
	}
	return u
}
