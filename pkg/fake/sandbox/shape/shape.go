// Package shape holds JSON against closed schemas, for the strict fakes of
// providers: an unknown member, a missing one or one of another type is named by
// its path, never by its value.
package shape

import (
	"fmt"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// Shape is what a member has to be. An object's members are closed.
type Shape struct {
	Kind    jsontree.Kind
	Integer bool
	Members map[string]Shape // of an object
	Need    []string         // members that an object must have
	Items   *Shape           // of an array
	// Rule, where it is set, tells what is wrong with a value, empty where nothing
	// is.
	Rule func(jsontree.Node) string
}

// Text, Integer, Number and Bool are the plain shapes.
var (
	Text    = Shape{Kind: jsontree.String}
	Integer = Shape{Kind: jsontree.Number, Integer: true}
	Number  = Shape{Kind: jsontree.Number}
	Bool    = Shape{Kind: jsontree.Bool}
)

// Object is a closed object.
func Object(members map[string]Shape, need ...string) Shape {
	return Shape{Kind: jsontree.Object, Members: members, Need: need}
}

// List is an array of values of one shape.
func List(of Shape) Shape { return Shape{Kind: jsontree.Array, Items: &of} }

// Ruled is a text that a rule judges: want says what it must be.
func Ruled(want string, ok func(string) bool) Shape {
	return Shape{Kind: jsontree.String, Rule: func(n jsontree.Node) string {
		if ok(n.Text) {
			return ""
		}
		return want
	}}
}

// Problem is where a value is wrong, and how.
type Problem struct{ Path, Must string }

// Check gives the first problem of a value at a path, nil where there is none.
func (s *Shape) Check(n jsontree.Node, path string) *Problem {
	if n.Kind != s.Kind {
		return &Problem{path, "must be of type " + s.Kind.String()}
	}
	if s.Integer {
		if _, ok := n.Int(); !ok {
			return &Problem{path, "must be an integer"}
		}
	}
	if s.Rule != nil {
		if must := s.Rule(n); must != "" {
			return &Problem{path, must}
		}
	}
	for i, item := range n.Items {
		if p := s.Items.Check(item, fmt.Sprintf("%s[%d]", path, i)); p != nil {
			return p
		}
	}
	return s.members(n, path)
}

func (s *Shape) members(n jsontree.Node, path string) *Problem {
	for _, m := range n.Members {
		member, known := s.Members[m.Name]
		if !known {
			return &Problem{path, fmt.Sprintf("has the unknown member %q", Short(m.Name))}
		}
		if p := member.Check(m.Value, path+"."+m.Name); p != nil {
			return p
		}
	}
	for _, name := range s.Need {
		if !n.Has(name) {
			return &Problem{path + "." + name, "is required"}
		}
	}
	return nil
}

// Short bounds what of a request is repeated in an answer.
func Short(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}
