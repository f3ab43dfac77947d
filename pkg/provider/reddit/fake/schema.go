package fake

import (
	"errors"
	"fmt"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

const maxEvents = 1000

// shape is what a member has to be. An object's members are closed: one that is
// not named refuses the request.
type shape struct {
	kind    jsontree.Kind
	integer bool
	members map[string]shape // of an object
	items   *shape           // of an array
	need    []string         // members that an object must have
}

var (
	text    = shape{kind: jsontree.String}
	number  = shape{kind: jsontree.Number}
	integer = shape{kind: jsontree.Number, integer: true}
	texts   = shape{kind: jsontree.Array, items: &text}
)

// eventShape is one event, from the official server tag (version 2.1) and from
// readings of Reddit's operation.
var eventShape = shape{
	kind: jsontree.Object, need: []string{"event_at", "action_source", "type"},
	members: map[string]shape{
		"event_at": integer, "action_source": text, "event_source_url": text, "click_id": text,
		"type": {kind: jsontree.Object, need: []string{"tracking_type"}, members: map[string]shape{"tracking_type": text, "custom_event_name": text}},
		"user": {kind: jsontree.Object, members: map[string]shape{
			"email": text, "phone_number": text, "external_id": text, "idfa": text, "aaid": text, "uuid": text, "ip_address": text, "user_agent": text,
			"screen_dimensions":       {kind: jsontree.Object, need: []string{"width", "height"}, members: map[string]shape{"width": integer, "height": integer}},
			"data_processing_options": {kind: jsontree.Object, need: []string{"modes", "country"}, members: map[string]shape{"modes": texts, "country": text, "region": text}},
		}},
		"metadata": {kind: jsontree.Object, members: map[string]shape{
			"conversion_id": text, "currency": text, "value": number, "item_count": integer,
			"products": {kind: jsontree.Array, items: &shape{kind: jsontree.Object, need: []string{"id"}, members: map[string]shape{
				"id": text, "name": text, "category": text, "quantity": integer, "item_price": number,
			}}},
		}},
	},
}

var errBody = errors.New("the body must be an object with data")

// read holds a body against the schema.
func read(root jsontree.Node) (*input, error) {
	data := root.Get("data")
	if root.Kind != jsontree.Object || len(root.Members) != 1 || data.Kind != jsontree.Object {
		return nil, errBody
	}
	for _, m := range data.Members {
		switch m.Name {
		case "events":
		case "test_id", "partner", "partner_version":
			if m.Value.Kind != jsontree.String || m.Value.Text == "" {
				return nil, fmt.Errorf("data.%s must be a string", m.Name)
			}
		default:
			return nil, errors.New("data has an unknown member")
		}
	}
	events := data.Get("events")
	if events.Kind != jsontree.Array || len(events.Items) == 0 || len(events.Items) > maxEvents {
		return nil, fmt.Errorf("data.events must be an array of 1 to %d", maxEvents)
	}
	for i, e := range events.Items {
		if err := eventShape.check(e, fmt.Sprintf("data.events[%d]", i)); err != nil {
			return nil, err
		}
	}
	return &input{events: events.Items, test: data.Has("test_id")}, nil
}

// check names the path of what has another type, and never its value.
func (s *shape) check(n jsontree.Node, path string) error {
	if n.Kind != s.kind {
		return fmt.Errorf("unexpected type %s on field %s", n.Kind, path)
	}
	if s.integer {
		if _, ok := n.Int(); !ok {
			return fmt.Errorf("no integer on field %s", path)
		}
	}
	for i, item := range n.Items {
		if err := s.items.check(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	for _, m := range n.Members {
		member, known := s.members[m.Name]
		if !known {
			return fmt.Errorf("unknown member on field %s", path)
		}
		if err := member.check(m.Value, path+"."+m.Name); err != nil {
			return err
		}
	}
	for _, name := range s.need {
		if !n.Has(name) {
			return fmt.Errorf("missing field %s.%s", path, name)
		}
	}
	return nil
}
