// Package jsontree reads JSON the way a suspicious server does: it keeps the
// order of members and the spelling of numbers, and refuses what encoding/json
// forgives (repeated members, invalid UTF-8, text after the value, lone
// surrogates). The sandbox judges other people's requests with it, so it shares
// no code with the senders that it judges.
package jsontree

import (
	"fmt"
	"strconv"
)

// Kind is the JSON type of a Node.
type Kind uint8

// The kinds of a Node. Absent is the kind of the zero Node, so that looking up
// a member that does not exist needs no second result.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String names the kind as JSON does.
func (k Kind) String() string {
	return [...]string{"absent", "null", "boolean", "number", "string", "array", "object"}[k]
}

// Node is one value of a document.
type Node struct {
	Kind    Kind
	Bool    bool
	Text    string   // the string's value, or the number as it was written
	Items   []Node   // of an array
	Members []Member // of an object, in the order of the document
}

// Member is one name and value of an object.
type Member struct {
	Name  string
	Value Node
}

// maxDepth bounds the recursion; neither provider's messages are deeper than
// ten levels.
const maxDepth = 64

// SyntaxError says where a document stops being acceptable JSON. It never
// carries the document's text, because that may be personal data.
type SyntaxError struct {
	Offset int
	Reason string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Reason)
}

// Parse reads one complete document.
func Parse(data []byte) (Node, error) {
	p := parser{data: data}
	p.space()
	n, err := p.value(0)
	if err != nil {
		return Node{}, err
	}
	p.space()
	if p.pos != len(p.data) {
		return Node{}, p.fail("text after the value")
	}
	return n, nil
}

// Get gives the member of that name, or a Node of kind Absent.
func (n Node) Get(name string) Node {
	for i := range n.Members {
		if n.Members[i].Name == name {
			return n.Members[i].Value
		}
	}
	return Node{}
}

// Has tells whether the object has a member of that name, null included.
func (n Node) Has(name string) bool { return n.Get(name).Kind != Absent }

// Present tells whether the node is there and not null.
func (n Node) Present() bool { return n.Kind != Absent && n.Kind != Null }

// Int gives the number if it is written as an integer without fraction or
// exponent and fits 64 bits.
func (n Node) Int() (int64, bool) {
	if n.Kind != Number {
		return 0, false
	}
	v, err := strconv.ParseInt(n.Text, 10, 64)
	return v, err == nil
}

// Float gives the number's value.
func (n Node) Float() (float64, bool) {
	if n.Kind != Number {
		return 0, false
	}
	v, err := strconv.ParseFloat(n.Text, 64)
	return v, err == nil
}

type parser struct {
	data []byte
	pos  int
}

func (p *parser) fail(reason string) error { return &SyntaxError{Offset: p.pos, Reason: reason} }

func (p *parser) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.pos < len(p.data) {
		return p.data[p.pos]
	}
	return 0
}

func (p *parser) value(depth int) (Node, error) {
	if depth > maxDepth {
		return Node{}, p.fail("nested too deeply")
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.str()
		return Node{Kind: String, Text: s}, err
	case c == '-' || (c >= '0' && c <= '9'):
		return p.number()
	case p.word("true"):
		return Node{Kind: Bool, Bool: true}, nil
	case p.word("false"):
		return Node{Kind: Bool}, nil
	case p.word("null"):
		return Node{Kind: Null}, nil
	}
	return Node{}, p.fail("value expected")
}

func (p *parser) word(w string) bool {
	if len(p.data)-p.pos >= len(w) && string(p.data[p.pos:p.pos+len(w)]) == w {
		p.pos += len(w)
		return true
	}
	return false
}

func (p *parser) object(depth int) (Node, error) {
	n := Node{Kind: Object}
	var seen names
	p.pos++
	p.space()
	if p.peek() == '}' {
		p.pos++
		return n, nil
	}
	for {
		if p.peek() != '"' {
			return n, p.fail("member name expected")
		}
		name, err := p.str()
		if err != nil {
			return n, err
		}
		if seen.repeats(&n, name) {
			return n, p.fail("repeated member")
		}
		p.space()
		if p.peek() != ':' {
			return n, p.fail("colon expected")
		}
		p.pos++
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.Members = append(n.Members, Member{Name: name, Value: v})
		if done, err := p.next('}'); done || err != nil {
			return n, err
		}
	}
}

// names finds repeated members: by looking through the few that objects
// usually have, by a map beyond that, so that a huge object costs no more.
type names map[string]struct{}

const fewMembers = 32

func (seen *names) repeats(n *Node, name string) bool {
	if len(n.Members) < fewMembers {
		return n.Has(name)
	}
	if *seen == nil {
		*seen = names{}
		for i := range n.Members {
			(*seen)[n.Members[i].Name] = struct{}{}
		}
	}
	_, found := (*seen)[name]
	(*seen)[name] = struct{}{}
	return found
}

func (p *parser) array(depth int) (Node, error) {
	n := Node{Kind: Array}
	p.pos++
	p.space()
	if p.peek() == ']' {
		p.pos++
		return n, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.Items = append(n.Items, v)
		if done, err := p.next(']'); done || err != nil {
			return n, err
		}
	}
}

// next reads a comma or the closing byte.
func (p *parser) next(closing byte) (done bool, err error) {
	p.space()
	switch p.peek() {
	case ',':
		p.pos++
		p.space()
		return false, nil
	case closing:
		p.pos++
		return true, nil
	}
	return false, p.fail("comma or end expected")
}

func (p *parser) number() (Node, error) {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if !p.digits() {
		return Node{}, p.fail("digit expected")
	}
	if p.peek() == '.' {
		p.pos++
		if !p.digits() {
			return Node{}, p.fail("digit expected after the point")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits() {
			return Node{}, p.fail("digit expected in the exponent")
		}
	}
	return Node{Kind: Number, Text: string(p.data[start:p.pos])}, nil
}

func (p *parser) digits() bool {
	start := p.pos
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	return p.pos > start
}
