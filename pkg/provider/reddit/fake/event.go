package fake

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

var (
	trackingTypes = []string{"PAGE_VISIT", "VIEW_CONTENT", "SEARCH", "ADD_TO_CART", "ADD_TO_WISHLIST", "PURCHASE", "LEAD", "SIGN_UP", "CUSTOM"}
	sources       = []string{"WEBSITE", "APP", "PHYSICAL_STORE", "OTHER"}

	hashForm   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	anyHash    = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	uuidForm   = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	regionForm = regexp.MustCompile(`^(US-)?[A-Z]{2}$`)
)

const (
	// maxAge is the age that a recorded answer names.
	maxAge = 168 * time.Hour
	// maxOwnName is the longest custom name, in characters.
	maxOwnName = 64
	// emptyHash is SHA-256 of nothing.
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// check judges one event whose types are right. The first broken rule counts.
type check struct {
	event jsontree.Node
	now   time.Time
	cfg   *Config

	reason, problem string
}

func (c *check) fail(reason, problem string) {
	if c.problem == "" {
		c.reason, c.problem = reason, problem
	}
}

func (c *check) run() {
	c.time()
	c.kind()
	c.page()
	c.user()
	c.metadata()
}

func (c *check) time() {
	ms, _ := c.event.Get("event_at").Int()
	at := time.UnixMilli(ms)
	switch {
	case at.After(c.now.Add(c.cfg.FutureTolerance)):
		c.fail("future", "event_at timestamp must not be in the future")
	case c.now.Sub(at) >= maxAge:
		c.fail("too_old", "event_at timestamp must be less than 168h0m0s old")
	}
}

func (c *check) kind() {
	kind := c.event.Get("type")
	name, own := kind.Get("tracking_type").Text, kind.Get("custom_event_name")
	switch {
	case !slices.Contains(trackingTypes, name):
		c.fail("tracking_type", "tracking_type is not known")
	case name == "CUSTOM" && strings.TrimSpace(own.Text) == "":
		c.fail("custom_event_name", "custom_event_name is required")
	case name != "CUSTOM" && own.Present():
		c.fail("custom_event_name", "custom_event_name is for CUSTOM only")
	case utf8.RuneCountInString(own.Text) > maxOwnName:
		c.fail("custom_event_name", "custom_event_name is too long")
	case !slices.Contains(sources, c.event.Get("action_source").Text):
		c.fail("action_source", "action_source is not known")
	}
}

func (c *check) page() {
	n := c.event.Get("event_source_url")
	if !n.Present() {
		return
	}
	u, err := url.Parse(n.Text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil:
		c.fail("event_source_url", "event_source_url is not a URL")
	case c.event.Get("action_source").Text != "WEBSITE":
		c.fail("event_source_url", "event_source_url is for WEBSITE only")
	}
}

func (c *check) user() {
	user := c.event.Get("user")
	for _, key := range []string{"email", "phone_number", "external_id", "idfa", "aaid"} {
		n := user.Get(key)
		switch {
		case !n.Present():
		case !hashForm.MatchString(n.Text):
			c.fail("hash", key+" must be hashed with SHA-256 in lower-case hex")
		case n.Text == emptyHash:
			c.fail("hash", key+" is the hash of an empty value")
		}
	}
	agent, click := user.Get("user_agent"), c.event.Get("click_id")
	if agent.Present() && (strings.TrimSpace(agent.Text) == "" || anyHash.MatchString(agent.Text)) {
		c.fail("user_agent", "user_agent must not be empty or hashed")
	}
	if click.Present() && strings.TrimSpace(click.Text) == "" {
		c.fail("click_id", "click_id must not be empty")
	}
	if n := user.Get("uuid"); n.Present() && !uuidForm.MatchString(n.Text) {
		c.fail("uuid", "uuid must be a UUID")
	}
	if n := user.Get("ip_address"); n.Present() {
		if a, err := netip.ParseAddr(n.Text); err != nil || a.Zone() != "" {
			c.fail("ip_address", "ip_address must be an IPv4 or IPv6 address")
		}
	}
	for _, side := range user.Get("screen_dimensions").Members {
		if v, _ := side.Value.Int(); v <= 0 || v >= 32768 {
			c.fail("screen_dimensions", "screen_dimensions must be positive and below 32768")
		}
	}
	c.options(user.Get("data_processing_options"))
	for _, key := range []string{"email", "phone_number", "external_id", "idfa", "aaid", "uuid", "ip_address", "user_agent"} {
		if user.Has(key) {
			return
		}
	}
	if !c.event.Has("click_id") {
		c.fail("insufficient", "at least one match key is required")
	}
}

func (c *check) options(n jsontree.Node) {
	if !n.Present() {
		return
	}
	modes := n.Get("modes").Items
	region := n.Get("region")
	if len(modes) != 1 || modes[0].Text != "LDU" || n.Get("country").Text != "US" || region.Present() && !regionForm.MatchString(region.Text) {
		c.fail("data_processing_options", "data_processing_options are not valid")
	}
}

func (c *check) metadata() {
	data := c.event.Get("metadata")
	if id := data.Get("conversion_id"); id.Present() && strings.TrimSpace(id.Text) == "" {
		c.fail("conversion_id", "conversion_id must not be empty")
	}
	if v, ok := data.Get("value").Float(); ok && v < 0 || strings.ContainsAny(data.Get("value").Text, "eE") {
		c.fail("value", "value must not be negative")
	}
	if data.Has("value") && !data.Has("currency") {
		c.fail("currency", "currency is required with value")
	}
	if code := data.Get("currency"); code.Present() && (!currency.Known(code.Text) || code.Text != strings.ToUpper(code.Text)) {
		c.fail("currency", "currency must be an ISO 4217 code")
	}
	if n, ok := data.Get("item_count").Int(); ok && n < 0 {
		c.fail("item_count", "item_count must not be negative")
	}
	for _, p := range data.Get("products").Items {
		if strings.TrimSpace(p.Get("id").Text) == "" {
			c.fail("products", "products must have ids")
		}
		if q, ok := p.Get("quantity").Int(); ok && q < 0 {
			c.fail("products", "quantity must not be negative")
		}
		if v, ok := p.Get("item_price").Float(); ok && v < 0 {
			c.fail("products", "item_price must not be negative")
		}
	}
}
