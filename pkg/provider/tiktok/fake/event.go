package fake

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
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

var (
	kinds   = set("web", "app", "offline", "crm")
	topKeys = set("event_source", "event_source_id", "partner_name", "test_event_code", "data")

	// eventKeys are the members of an event by the kind of its source.
	eventKeys = map[string]map[string]struct{}{
		"web":     set("event", "event_time", "event_id", "user", "page", "ad", "properties", "limited_data_use"),
		"app":     set("event", "event_time", "event_id", "user", "app", "ad", "properties", "limited_data_use"),
		"offline": set("event", "event_time", "event_id", "user", "properties"),
		"crm":     set("event", "event_time", "event_id", "user", "lead", "properties"),
	}
	adKeys = set("callback", "campaign_id", "ad_id", "creative_id", "is_retargeting", "attributed", "attribution_type", "attribution_provider")

	// standard are the names that an offline source takes. CompletePayment,
	// PlaceAnOrder and SubmitForm are older names of three of them.
	standard = set("AddPaymentInfo", "AddToCart", "AddToWishlist", "ApplicationApproval", "CompleteRegistration", "Contact",
		"CustomizeProduct", "Download", "FindLocation", "InitiateCheckout", "Lead", "Purchase", "Schedule", "Search", "StartTrial",
		"SubmitApplication", "Subscribe", "ViewContent", "CompletePayment", "PlaceAnOrder", "SubmitForm")

	sourceID = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)
)

const space = " \t\r\n\v\f"

// blank reports a string that says nothing.
func blank(s string) bool { return strings.Trim(s, space) == "" }

// maxEvents is the documented limit of one request.
const maxEvents = 1000

// envelope checks the members beside the events, and their number.
func (s *Service) envelope(root jsontree.Node) (*input, *Refusal) {
	for _, m := range root.Members {
		if !in(topKeys, m.Name) {
			return nil, unknownField("body", m.Name)
		}
		if m.Name != "data" && (m.Value.Kind != jsontree.String || m.Value.Text == "") {
			return nil, wrong(m.Name, "Not a valid string.")
		}
	}
	out := &input{kind: root.Get("event_source").Text, source: root.Get("event_source_id").Text, test: root.Has("test_event_code")}
	data := root.Get("data")
	switch {
	case !in(kinds, out.kind):
		return nil, wrong("event_source", "Must be one of: web, app, offline, crm.")
	case out.source == "":
		return nil, wrong("event_source_id", "Missing data for required field.")
	case !sourceID.MatchString(out.source):
		return nil, wrong("event_source_id", "Not a valid id.")
	case root.Has("partner_name") && !slices.Contains(s.cfg.Partners, root.Get("partner_name").Text):
		return nil, &Refusal{Code: codePartner, Message: "invalid partner name"}
	case data.Kind != jsontree.Array:
		return nil, wrong("data", "Missing data for required field.")
	case len(data.Items) == 0 || len(data.Items) > maxEvents:
		return nil, &Refusal{Code: codeBatchSize, Message: "invalid batch size"}
	}
	out.events = data.Items
	return out, nil
}

// check judges one event of a request.
type check struct {
	event jsontree.Node
	path  string // data.0
	now   time.Time
	cfg   *Config
	kind  string // web, app, offline, crm
}

// run applies the rules; the first broken one is the answer.
func (c *check) run() *Refusal {
	for _, rule := range []func() *Refusal{c.keys, c.name, c.time, c.id, c.user, c.page, c.app, c.lead, c.ad, c.limited, c.properties} {
		if r := rule(); r != nil {
			return r
		}
	}
	return nil
}

func (c *check) at(name string) string { return c.path + "." + name }

func (c *check) keys() *Refusal {
	if c.event.Kind != jsontree.Object {
		return wrong(c.path, "Not a valid object.")
	}
	for _, m := range c.event.Members {
		if !in(eventKeys[c.kind], m.Name) {
			return unknownField(c.path, m.Name)
		}
		if m.Value.Kind == jsontree.Null {
			return wrong(c.at(m.Name), "Field may not be null.")
		}
	}
	return nil
}

func (c *check) name() *Refusal {
	n := c.event.Get("event")
	switch {
	case n.Kind == jsontree.Absent:
		return wrong(c.at("event"), "Missing data for required field.")
	case n.Kind != jsontree.String || blank(n.Text) || n.Text != strings.Trim(n.Text, space):
		return wrong(c.at("event"), "Not a valid string.")
	case c.kind == "offline" && !in(standard, n.Text):
		return wrong(c.at("event"), "Offline events must be standard events.")
	}
	return nil
}

func (c *check) time() *Refusal {
	n := c.event.Get("event_time")
	if n.Kind == jsontree.Absent {
		return wrong(c.at("event_time"), "Missing data for required field.")
	}
	seconds, ok := n.Int()
	if !ok || seconds <= 0 {
		return wrong(c.at("event_time"), "Not a valid integer.")
	}
	limit := c.cfg.MaxAge
	if c.kind == "offline" {
		limit = c.cfg.MaxAgeOffline
	}
	age := c.now.Unix() - seconds
	if age > int64(limit/time.Second) {
		return wrong(c.at("event_time"), "The event is too old.")
	}
	if -age > int64(c.cfg.FutureTolerance/time.Second) {
		return wrong(c.at("event_time"), "The event lies in the future.")
	}
	return nil
}

func (c *check) id() *Refusal {
	n := c.event.Get("event_id")
	switch {
	case n.Kind == jsontree.Absent:
		return nil
	case c.kind == "app" && !c.cfg.AppEventIDs:
		return unknownField(c.path, "event_id")
	case n.Kind != jsontree.String || n.Text == "":
		return wrong(c.at("event_id"), "Not a valid string.")
	}
	return nil
}

// object gives an object of the event, whose members are all known.
func (c *check) object(name string, known map[string]struct{}) (jsontree.Node, *Refusal) {
	n := c.event.Get(name)
	if n.Kind == jsontree.Absent {
		return n, nil
	}
	if n.Kind != jsontree.Object || len(n.Members) == 0 {
		return n, wrong(c.at(name), "Not a valid object.")
	}
	for _, m := range n.Members {
		if !in(known, m.Name) {
			return n, unknownField(c.at(name), m.Name)
		}
		if m.Value.Kind == jsontree.Null {
			return n, wrong(c.at(name)+"."+m.Name, "Field may not be null.")
		}
	}
	return n, nil
}

// texts wants every member to be a string that says something.
func (c *check) texts(name string, n jsontree.Node) *Refusal {
	for _, m := range n.Members {
		if m.Value.Kind != jsontree.String || blank(m.Value.Text) {
			return wrong(c.at(name)+"."+m.Name, "Not a valid string.")
		}
	}
	return nil
}

func (c *check) page() *Refusal {
	n, r := c.object("page", set("url", "referrer"))
	if r != nil {
		return r
	}
	if c.kind == "web" && !n.Has("url") {
		return wrong(c.at("page.url"), "Missing data for required field.")
	}
	for _, m := range n.Members {
		u, err := url.Parse(m.Value.Text)
		if m.Value.Kind != jsontree.String || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			return wrong(c.at("page")+"."+m.Name, "Not a valid URL.")
		}
	}
	return nil
}

func (c *check) app() *Refusal {
	n, r := c.object("app", set("app_id"))
	if r != nil {
		return r
	}
	if c.kind == "app" && !n.Has("app_id") {
		return wrong(c.at("app.app_id"), "Missing data for required field.")
	}
	return c.texts("app", n)
}

func (c *check) lead() *Refusal {
	n, r := c.object("lead", set("lead_id", "lead_event_source"))
	if r != nil {
		return r
	}
	if c.kind == "crm" && !n.Has("lead_id") {
		return wrong(c.at("lead.lead_id"), "Missing data for required field.")
	}
	return c.texts("lead", n)
}

func (c *check) ad() *Refusal {
	n, r := c.object("ad", adKeys)
	if r != nil {
		return r
	}
	for _, m := range n.Members {
		want := jsontree.String
		if m.Name == "is_retargeting" || m.Name == "attributed" {
			want = jsontree.Bool
		}
		if m.Value.Kind != want {
			return wrong(c.at("ad")+"."+m.Name, "Not a valid "+want.String()+".")
		}
	}
	return nil
}

// limited is limited data use: it goes by the address of the person.
func (c *check) limited() *Refusal {
	n := c.event.Get("limited_data_use")
	switch {
	case n.Kind == jsontree.Absent:
		return nil
	case n.Kind != jsontree.Bool:
		return wrong(c.at("limited_data_use"), "Not a valid boolean.")
	case n.Bool && !c.event.Get("user").Has("ip"):
		return wrong(c.at("limited_data_use"), "Limited data use needs user.ip.")
	}
	return nil
}
