package fake

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// eventKeys are the members that a server event may have.
var eventKeys = set("event_name", "event_time", "action_source", "user_data", "event_id", "event_source_url",
	"referrer_url", "custom_data", "opt_out", "data_processing_options", "data_processing_options_country",
	"data_processing_options_state", "app_data", "original_event_data", "customer_segmentation",
	"attribution_data", "messaging_channel", "advanced_measurement_table")

var actionSources = set("website", "app", "physical_store", "email", "phone_call", "chat", "other",
	"system_generated", "business_messaging")

var segmentations = set("new_customer_to_business", "new_customer_to_business_line", "new_customer_to_product_area",
	"new_customer_to_medium", "existing_customer_to_business", "existing_customer_to_business_line",
	"existing_customer_to_product_area", "existing_customer_to_medium", "customer_in_loyalty_program")

const (
	maxAge        = 7 * 24 * time.Hour
	maxAgeOffline = 62 * 24 * time.Hour
	appendValue   = "AppendValue"
)

func set(names ...string) map[string]struct{} {
	m := make(map[string]struct{}, len(names))
	for _, n := range names {
		m[n] = struct{}{}
	}
	return m
}

func in(m map[string]struct{}, s string) bool {
	_, ok := m[s]
	return ok
}

// check judges one event of a request.
type check struct {
	event  jsontree.Node
	path   string // $['data'][0]
	now    time.Time
	cfg    *Config
	name   string
	source string
	linked bool // the dataset is linked to its WhatsApp Business account
}

// run applies the rules in the order of the provider's own documents: shape,
// name, time, source, customer information, custom data, options. The first
// broken rule is the answer.
func (c *check) run() *Refusal {
	for _, rule := range []func() *Refusal{
		c.keys, c.eventName, c.eventTime, c.actionSource, c.simpleFields, c.options,
		c.userData, c.bySource, c.sufficient, c.customData, c.original,
	} {
		if r := rule(); r != nil {
			return r
		}
	}
	return nil
}

func (c *check) field(name string) string { return fmt.Sprintf("%s['%s']", c.path, name) }

func (c *check) keys() *Refusal {
	if c.event.Kind != jsontree.Object {
		return badParam(c.path, "must be an object")
	}
	for _, m := range c.event.Members {
		if !in(eventKeys, m.Name) {
			return unexpectedKey(m.Name, c.path)
		}
		if m.Value.Kind == jsontree.Null {
			return badParam(c.field(m.Name), "must not be null")
		}
	}
	return nil
}

func (c *check) eventName() *Refusal {
	n := c.event.Get("event_name")
	if n.Kind == jsontree.Absent || (n.Kind == jsontree.String && n.Text == "") {
		return invalid(subMissing, "Your event has no event_name.")
	}
	if n.Kind != jsontree.String {
		return badParam(c.field("event_name"), "must be a string")
	}
	c.name = n.Text
	return nil
}

func (c *check) eventTime() *Refusal {
	n := c.event.Get("event_time")
	if n.Kind == jsontree.Absent {
		return invalid(subMissing, "Your event has no event_time.")
	}
	seconds, ok := n.Int()
	if !ok {
		return badParam(c.field("event_time"), "must be an integer Unix timestamp in seconds")
	}
	limit := maxAge
	if c.event.Get("action_source").Text == "physical_store" {
		limit = maxAgeOffline
	}
	now := c.now.Unix()
	if seconds > now+int64(c.cfg.FutureTolerance/time.Second) {
		return invalid(subFuture, "The timestamp for this event is in the future.")
	}
	if now-seconds > int64(limit/time.Second) || seconds <= 0 {
		return invalid(subTooOld, fmt.Sprintf("The timestamp for this event is too far in the past. It must be at most %d days old.", limit/(24*time.Hour)))
	}
	return nil
}

func (c *check) actionSource() *Refusal {
	n := c.event.Get("action_source")
	if n.Kind == jsontree.Absent {
		if c.name == appendValue {
			return nil
		}
		return invalid(subMissing, "Your event has no action_source.")
	}
	if n.Kind != jsontree.String || !in(actionSources, n.Text) {
		return badParam(c.field("action_source"), "must be one of {website, app, physical_store, email, phone_call, chat, other, system_generated, business_messaging}")
	}
	c.source = n.Text
	return nil
}

// simpleFields are those whose rule is a type.
func (c *check) simpleFields() *Refusal {
	for _, name := range []string{"event_id", "event_source_url", "referrer_url", "advanced_measurement_table"} {
		if n := c.event.Get(name); n.Kind != jsontree.Absent && (n.Kind != jsontree.String || n.Text == "") {
			return badParam(c.field(name), "must be a non-empty string")
		}
	}
	for _, name := range []string{"event_source_url", "referrer_url"} {
		if n := c.event.Get(name); n.Kind == jsontree.String && !webURL(n.Text, c.source) {
			return badParam(c.field(name), "must be a valid URL")
		}
	}
	if n := c.event.Get("opt_out"); n.Kind != jsontree.Absent && n.Kind != jsontree.Bool {
		return badParam(c.field("opt_out"), "must be a boolean")
	}
	if n := c.event.Get("customer_segmentation"); n.Kind != jsontree.Absent && !in(segmentations, n.Text) {
		return badParam(c.field("customer_segmentation"), "must be one of the known segments")
	}
	if n := c.event.Get("attribution_data"); n.Kind != jsontree.Absent && n.Kind != jsontree.Object {
		return badParam(c.field("attribution_data"), "must be an object")
	}
	if n := c.event.Get("messaging_channel"); n.Kind != jsontree.Absent && !slices.Contains(channels, n.Text) {
		return badParam(c.field("messaging_channel"), "must be one of {messenger, whatsapp, instagram}")
	}
	return nil
}

// webURL wants a full URL; only app events may use a scheme of their own.
func webURL(s, source string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return false
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Hostname() != ""
	}
	return source == "app"
}

// ldu state codes: 0 asks for geolocation.
var lduStates = []int64{0, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013}

// options are the rules of Limited Data Use.
func (c *check) options() *Refusal {
	list := c.event.Get("data_processing_options")
	country := c.event.Get("data_processing_options_country")
	state := c.event.Get("data_processing_options_state")
	limited := false
	if list.Kind != jsontree.Absent {
		if list.Kind != jsontree.Array {
			return badParam(c.field("data_processing_options"), "must be an array")
		}
		for _, o := range list.Items {
			if o.Kind != jsontree.String || o.Text != "LDU" {
				return invalid(subProcessing, "data_processing_options may only contain LDU.")
			}
			limited = true
		}
	}
	if country.Kind != jsontree.Absent {
		if v, ok := country.Int(); !ok || (v != 0 && v != 1) {
			return invalid(subProcessing, "data_processing_options_country must be 0 or 1.")
		}
		if state.Kind == jsontree.Absent {
			return invalid(subProcessing, "data_processing_options_state must be set together with the country.")
		}
	}
	if state.Kind != jsontree.Absent {
		if v, ok := state.Int(); !ok || !slices.Contains(lduStates, v) {
			return invalid(subProcessing, "data_processing_options_state is not a known state code.")
		}
	}
	if !limited {
		return nil
	}
	if country.Kind == jsontree.Absent {
		return invalid(subProcessing, "Limited Data Use needs data_processing_options_country.")
	}
	if state.Text == "0" && !c.event.Get("user_data").Has("client_ip_address") {
		return invalid(subProcessing, "Limited Data Use needs a state, or client_ip_address to find it.")
	}
	return nil
}

var originalKeys = set("event_name", "event_time", "order_id", "event_id")

// original checks the earlier event that a delayed value belongs to.
func (c *check) original() *Refusal {
	n := c.event.Get("original_event_data")
	if n.Kind == jsontree.Absent {
		if c.name == appendValue {
			return invalid(subMissing, "AppendValue needs original_event_data.")
		}
		return nil
	}
	path := c.field("original_event_data")
	if n.Kind != jsontree.Object || len(n.Members) == 0 {
		return badParam(path, "must be a non-empty object")
	}
	for _, m := range n.Members {
		if !in(originalKeys, m.Name) {
			return unexpectedKey(m.Name, path)
		}
		if m.Name == "event_time" {
			if v, ok := m.Value.Int(); !ok || v <= 0 || v > c.now.Unix()+int64(c.cfg.FutureTolerance/time.Second) {
				return badParam(path+"['event_time']", "must be an integer Unix timestamp in seconds, in the past")
			}
		} else if m.Value.Kind != jsontree.String || m.Value.Text == "" {
			return badParam(fmt.Sprintf("%s['%s']", path, m.Name), "must be a non-empty string")
		}
	}
	return nil
}
