package fake

import (
	"errors"
	"fmt"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

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
	integer = shape{kind: jsontree.Number, integer: true}
	boolean = shape{kind: jsontree.Bool}
	texts   = shape{kind: jsontree.Array, items: &text}
)

// eventShape is the schema of one event, from the service's OpenAPI file.
var eventShape = shape{
	kind: jsontree.Object,
	need: []string{"event_name", "action_source", "event_time", "event_id", "user_data"},
	members: map[string]shape{
		"event_name": text, "action_source": text, "event_time": integer, "event_id": text, "event_source_url": text,
		"opt_out": boolean, "partner_name": text, "language": text, "wifi": boolean, "os_version": text,
		"app_id": text, "app_name": text, "app_version": text, "device_brand": text, "device_carrier": text,
		"device_model": text, "device_type": text,
		"user_data": {kind: jsontree.Object, members: userShape},
		"custom_data": {kind: jsontree.Object, members: map[string]shape{
			"currency": text, "value": text, "content_ids": texts, "content_name": text, "content_category": text, "content_brand": text,
			"num_items": integer, "order_id": text, "search_string": text, "opt_out_type": text, "np": text, "predicted_ltv": text,
			"external_measurement_id": text, "external_measurement_vendor_id": text,
			"contents": {kind: jsontree.Array, items: &shape{kind: jsontree.Object, members: map[string]shape{
				"id": text, "quantity": integer, "item_price": text, "item_name": text, "item_category": text, "item_brand": text,
			}}},
		}},
		"app_info": {kind: jsontree.Object, members: map[string]shape{
			"app_id": text, "app_name": text, "app_package_name": text, "app_store": text, "app_version": text, "install_time": integer,
			"user_agent": text, "window_height": integer, "window_width": integer,
		}},
		"device_info": {kind: jsontree.Object, members: map[string]shape{
			"battery_level": integer, "brand": text, "carrier": text, "cpu_cores": integer, "external_storage_free_space": integer,
			"external_storage_size": integer, "form_factor": text, "kernel_version": text, "languages": texts, "locale": text, "model": text,
			"network_type": text, "os_family": text, "os_name": text, "os_release_name": text, "os_version": text, "screen_density": integer,
			"screen_height": integer, "screen_width": integer, "storage_free_space": integer, "storage_size": integer, "timezone": text,
			"timezone_abbr": text, "type": text,
		}},
	},
}

var userShape = map[string]shape{
	"em": texts, "ph": texts, "fn": texts, "ln": texts, "ge": texts, "db": texts, "ct": texts, "st": texts, "zp": texts, "country": texts,
	"external_id": texts, "hashed_maids": texts, "client_ip_address": text, "client_user_agent": text, "click_id": text, "partner_id": text,
}

// readEvents holds a body against the schema.
func readEvents(root jsontree.Node) ([]jsontree.Node, error) {
	if root.Kind != jsontree.Object {
		return nil, errors.New("the body must be an object")
	}
	for _, m := range root.Members {
		if m.Name != "data" {
			return nil, fmt.Errorf("unknown member %q", short(m.Name))
		}
	}
	data := root.Get("data")
	if data.Kind != jsontree.Array || len(data.Items) == 0 || len(data.Items) > maxEvents {
		return nil, fmt.Errorf("data must be an array of 1 to %d events", maxEvents)
	}
	for i, e := range data.Items {
		if err := eventShape.check(e, fmt.Sprintf("data[%d]", i)); err != nil {
			return nil, err
		}
	}
	return data.Items, nil
}

// check names the path of what has another type, and never its value.
func (s *shape) check(n jsontree.Node, path string) error {
	if n.Kind != s.kind {
		return fmt.Errorf("%s must be of type %s", path, s.kind)
	}
	if s.integer {
		if _, ok := n.Int(); !ok {
			return fmt.Errorf("%s must be an integer", path)
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
			return fmt.Errorf("%s has the unknown member %q", path, short(m.Name))
		}
		if err := member.check(m.Value, path+"."+m.Name); err != nil {
			return err
		}
	}
	for _, name := range s.need {
		if !n.Has(name) {
			return fmt.Errorf("%s.%s is required", path, name)
		}
	}
	return nil
}
