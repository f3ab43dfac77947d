package resource

import (
	"github.com/sluicehq/sluice/pkg/event"
)

// Program holds a mapping's compiled expressions.
type Program struct{}

// Field is one computed business field.
type Field struct {
	Name  string
	Value event.Value
}

// When reports whether the mapping's condition holds for e.
func (p *Program) When(e *event.Event) (bool, error) { return true, nil }

// Fields appends the computed fields in the order of their names.
func (p *Program) Fields(dst []Field, e *event.Event) ([]Field, error) { return dst, nil }

// ItemIDs appends one computed id for each item of the event; it appends
// nothing where the mapping computes none.
func (p *Program) ItemIDs(dst []string, e *event.Event) ([]string, error) { return dst, nil }

// Set is every resource, compiled and joined, immutable once built.
type Set struct{}

// Match gives the routes of a customer's event, in a stable order. The hot
// path calls it for every record and it does not allocate.
func (s *Set) Match(customer, eventName string) []*Route { return nil }

// Route gives the route of one mapping record as it stands today, enabled or
// not, for the sender; false where the destination or mapping is gone.
func (s *Set) Route(destinationID, mapping string) (*Route, bool) { return nil, false }

// Version identifies the content of the set.
func (s *Set) Version() string { return "" }
