package fake

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
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

// eventNames are those that the service knows; others are the advertiser's own.
var eventNames = set("add_payment_info", "add_to_cart", "add_to_wishlist", "app_install", "app_open", "checkout", "contact", "custom",
	"customize_product", "find_location", "initiate_checkout", "lead", "page_visit", "schedule", "search", "signup", "start_trial",
	"submit_application", "subscribe", "view_category", "view_content", "watch_video")

var (
	ownName     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
	hashForm    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	anyHash     = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	decimalForm = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	partnerForm = regexp.MustCompile(`^ss-[a-z0-9_-]+$`)
	language    = regexp.MustCompile(`^[a-z]{2}$`)
)

// emptyHash is SHA-256 of nothing.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// check judges one event whose types are right. The first broken rule counts.
type check struct {
	event jsontree.Node
	now   time.Time
	cfg   *Config

	reason, problem, warning string
}

func (c *check) fail(reason, problem string) {
	if c.problem == "" {
		c.reason, c.problem = reason, problem
	}
}

func (c *check) run() {
	c.names()
	c.time()
	c.page()
	c.user()
	c.custom()
	c.app()
}

func (c *check) names() {
	name, id := c.event.Get("event_name").Text, c.event.Get("event_id").Text
	switch {
	case !in(eventNames, name) && !ownName.MatchString(name):
		c.fail("event_name", "event_name is not valid.")
	case strings.TrimSpace(id) == "":
		c.fail("event_id", "event_id is missing.")
	}
	switch c.event.Get("action_source").Text {
	case "web", "app_android", "app_ios", "offline":
	default:
		c.fail("action_source", "action_source is not one of web, app_android, app_ios, offline.")
	}
	if p := c.event.Get("partner_name"); p.Present() && !partnerForm.MatchString(p.Text) {
		c.fail("partner_name", "partner_name must have the form ss-partnername.")
	}
	if l := c.event.Get("language"); l.Present() && !language.MatchString(l.Text) {
		c.fail("language", "language must be an ISO 639-1 code.")
	}
}

func (c *check) time() {
	seconds, _ := c.event.Get("event_time").Int()
	at := time.Unix(seconds, 0)
	switch {
	case at.After(c.now.Add(c.cfg.FutureTolerance)):
		c.fail("future", "event_time is in the future.")
	case c.now.Sub(at) > c.cfg.MaxAge || seconds <= 0:
		c.fail("too_old", "event_time is too old.")
	}
}

func (c *check) page() {
	n := c.event.Get("event_source_url")
	if !n.Present() {
		return
	}
	u, err := url.Parse(n.Text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		c.fail("event_source_url", "event_source_url is not a URL.")
	}
	if c.event.Get("action_source").Text == "offline" {
		c.fail("event_source_url", "event_source_url is for web events.")
	}
}

// hashedKeys are lists of SHA-256 in lower-case hexadecimal digits.
var hashedKeys = []string{"em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id", "hashed_maids"}

func (c *check) user() {
	user := c.event.Get("user_data")
	for _, key := range hashedKeys {
		list := user.Get(key)
		if list.Kind == jsontree.Absent {
			continue
		}
		if len(list.Items) == 0 {
			c.fail(key, key+" must not be empty.")
		}
		var seen []string
		for _, h := range list.Items {
			switch {
			case !hashForm.MatchString(h.Text):
				c.fail("hash", key+" must be hashed with SHA-256 in lower-case hex.")
			case h.Text == emptyHash:
				c.fail("hash", key+" is the hash of an empty value.")
			case slices.Contains(seen, h.Text):
				c.warning = key + " has a repeated value."
			}
			seen = append(seen, h.Text)
		}
	}
	for _, key := range []string{"client_ip_address", "client_user_agent", "click_id", "partner_id"} {
		n := user.Get(key)
		if n.Kind == jsontree.Absent {
			continue
		}
		if strings.TrimSpace(n.Text) == "" || key == "client_user_agent" && anyHash.MatchString(n.Text) {
			c.fail(key, key+" must not be empty or hashed.")
		}
		if key == "client_ip_address" {
			if a, err := netip.ParseAddr(n.Text); err != nil || a.Zone() != "" {
				c.fail(key, key+" must be an IPv4 or IPv6 address.")
			}
		}
	}
	if !user.Has("em") && !user.Has("hashed_maids") && (!user.Has("client_ip_address") || !user.Has("client_user_agent")) {
		c.fail("insufficient", "At least one of em, hashed_maids, or client_ip_address with client_user_agent is required.")
	}
}

func (c *check) custom() {
	data := c.event.Get("custom_data")
	for _, key := range []string{"value", "predicted_ltv"} {
		c.amount(data, key)
	}
	if code := data.Get("currency"); code.Present() && (!currency.Known(code.Text) || code.Text != strings.ToUpper(code.Text)) {
		c.fail("currency", "currency must be an ISO 4217 code.")
	}
	for _, id := range data.Get("content_ids").Items {
		if strings.TrimSpace(id.Text) == "" {
			c.fail("content_ids", "content_ids must not hold empty ids.")
		}
	}
	for _, item := range data.Get("contents").Items {
		c.amount(item, "item_price")
		if q := item.Get("quantity"); q.Present() {
			if v, _ := q.Int(); v < 0 {
				c.fail("contents", "quantity must not be negative.")
			}
		}
		if strings.TrimSpace(item.Get("id").Text) == "" {
			c.fail("contents", "contents must have ids.")
		}
	}
	if v, ok := data.Get("num_items").Int(); ok && v < 0 {
		c.fail("num_items", "num_items must not be negative.")
	}
	if data.Has("np") {
		c.fail("np", "np is for internal use.")
	}
	if t := data.Get("opt_out_type"); t.Present() {
		for _, flag := range strings.Split(t.Text, ",") {
			if flag != "LDP" {
				c.fail("opt_out_type", "opt_out_type is not known.")
			}
		}
	}
	if data.Kind == jsontree.Object && len(data.Members) == 0 {
		c.warning = "custom_data is empty."
	}
}

func (c *check) amount(data jsontree.Node, key string) {
	if n := data.Get(key); n.Present() && !decimalForm.MatchString(n.Text) {
		c.fail(key, key+" must be a decimal number as a string.")
	}
}

func (c *check) app() {
	if (c.event.Has("app_info") || c.event.Has("device_info")) && !strings.HasPrefix(c.event.Get("action_source").Text, "app_") {
		c.fail("app_info", "app_info and device_info are for app events.")
	}
}
