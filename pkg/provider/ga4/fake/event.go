package fake

import (
	"fmt"
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

// message is one complaint of the debug path.
type message struct {
	FieldPath   string `json:"fieldPath,omitempty"`
	Description string `json:"description"`
	Code        string `json:"validationCode"`
}

// check judges one request. It collects every complaint, as the real service does.
type check struct {
	now      time.Time
	app      bool
	messages []message
}

func (c *check) refuse(code, path, format string, a ...any) {
	c.messages = append(c.messages, message{path, fmt.Sprintf(format, a...), code})
}

// rule judges one member.
type rule func(c *check, path string, n jsontree.Node)

// object holds a closed object against its members.
func (c *check) object(path string, n jsontree.Node, members map[string]rule) {
	if n.Kind != jsontree.Object || len(n.Members) == 0 {
		c.refuse("VALUE_INVALID", path, "Expected an object with members.")
		return
	}
	for _, m := range n.Members {
		at := strings.TrimPrefix(path+"."+m.Name, ".")
		judge, known := members[m.Name]
		if !known {
			c.refuse("VALUE_INVALID", path, "Unknown field.")
			continue
		}
		judge(c, at, m.Value)
	}
}

var (
	clientForm = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
	appForm    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	digitsForm = regexp.MustCompile(`^[0-9]{1,20}$`)
	hashForm   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	nameForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	personal   = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}`)
)

var (
	requestMembers = map[string]rule{
		"client_id": form(clientForm), "app_instance_id": form(appForm), "user_id": text(256), "timestamp_micros": (*check).time,
		"consent":             closed(map[string]rule{"ad_user_data": word("GRANTED", "DENIED"), "ad_personalization": word("GRANTED", "DENIED")}),
		"user_properties":     (*check).userProperties,
		"user_data":           closed(userMembers),
		"ip_override":         (*check).ip,
		"user_agent":          text(2048),
		"events":              (*check).events,
		"validation_behavior": word("RELAXED", "ENFORCE_RECOMMENDATIONS"),
	}
	userMembers = map[string]rule{"sha256_email_address": list(10, (*check).hash), "sha256_phone_number": list(10, (*check).hash), "address": list(2, closed(addressMembers))}

	addressMembers = map[string]rule{
		"sha256_first_name": (*check).hash, "sha256_last_name": (*check).hash, "sha256_street": (*check).hash,
		"city": plain, "region": plain, "postal_code": text(100), "country": form(regexp.MustCompile(`^[A-Z]{2}$`)),
	}
	itemMembers = map[string]rule{
		"item_id": text(100), "item_name": text(100), "item_variant": text(100), "item_brand": text(100), "item_category": text(100),
		"quantity": (*check).whole, "price": (*check).number,
	}
	// parameters are those that have a rule of their own.
	parameters = map[string]rule{
		"session_id": form(digitsForm), "engagement_time_msec": (*check).whole, "transaction_id": text(100), "value": (*check).number, "tax": (*check).number,
		"shipping": (*check).number, "currency": (*check).currency, "items": (*check).items, "page_location": (*check).url, "page_referrer": (*check).url,
		"page_title": text(300), "debug_mode": (*check).whole,
	}
	longest = map[string]int{"page_location": 1000, "page_referrer": 420}
)

// reserved are the names that the documentation lists.
var reserved = strings.Fields(`ad_activeview ad_click ad_exposure ad_query ad_reward adunit_exposure app_background app_clear_data app_exception app_install
	app_remove app_store_refund app_update app_upgrade dynamic_link_app_open dynamic_link_app_update dynamic_link_first_open error firebase_campaign first_open
	first_visit notification_dismiss notification_foreground notification_open notification_receive notification_send os_update session_start user_engagement`)

var appOnly = []string{"ad_impression", "in_app_purchase", "screen_view"}

func form(f *regexp.Regexp) rule {
	return func(c *check, path string, n jsontree.Node) {
		if n.Kind != jsontree.String || !f.MatchString(n.Text) {
			c.refuse("VALUE_INVALID", path, "Expected another form.")
		}
	}
}

func word(words ...string) rule {
	return func(c *check, path string, n jsontree.Node) {
		if n.Kind != jsontree.String || !slices.Contains(words, n.Text) {
			c.refuse("VALUE_INVALID", path, "Expected one of %s.", strings.Join(words, ", "))
		}
	}
}

// text is a string that says something, holds no e-mail address and has at most so
// many characters.
func text(most int) rule {
	return func(c *check, path string, n jsontree.Node) {
		switch {
		case n.Kind != jsontree.String || strings.TrimSpace(n.Text) == "":
			c.refuse("VALUE_INVALID", path, "Expected text.")
		case utf8.RuneCountInString(n.Text) > most:
			c.refuse("VALUE_OUT_OF_BOUNDS", path, "Text is longer than %d characters.", most)
		case personal.MatchString(n.Text):
			c.refuse("VALUE_INVALID", path, "Personal data is forbidden.")
		}
	}
}

// plain is a place in lower case without digits and signs.
func plain(c *check, path string, n jsontree.Node) {
	text(100)(c, path, n)
	if n.Text != strings.ToLower(n.Text) || strings.ContainsAny(n.Text, "0123456789.,;:!?'\"()[]{}@#$%^&*_+=/\\|<>~`-") || n.Text != strings.TrimSpace(n.Text) {
		c.refuse("VALUE_INVALID", path, "Expected a place in its normalized form.")
	}
}

func closed(members map[string]rule) rule {
	return func(c *check, path string, n jsontree.Node) { c.object(path, n, members) }
}

func list(most int, of rule) rule {
	return func(c *check, path string, n jsontree.Node) {
		if n.Kind != jsontree.Array || len(n.Items) == 0 {
			c.refuse("VALUE_INVALID", path, "Expected a list.")
		}
		if len(n.Items) > most {
			c.refuse("EXCEEDED_MAX_ENTITIES", path, "The list has more than %d entries.", most)
		}
		for i, item := range n.Items {
			of(c, fmt.Sprintf("%s[%d]", path, i), item)
		}
	}
}

// oldest and ahead bound an event's time: an older one is moved without a word, which
// is as bad as a refusal. How far ahead one may be is not documented.
const oldest, ahead = 72 * time.Hour, 5 * time.Minute

func (c *check) time(path string, n jsontree.Node) {
	micros, ok := n.Int()
	if at := time.UnixMicro(micros); !ok || c.now.Sub(at) > oldest || at.Sub(c.now) > ahead {
		c.refuse("VALUE_OUT_OF_BOUNDS", path, "Expected microseconds within the last 72 hours.")
	}
}

func (c *check) ip(path string, n jsontree.Node) {
	if a, err := netip.ParseAddr(n.Text); n.Kind != jsontree.String || err != nil || !a.IsGlobalUnicast() || a.IsPrivate() {
		c.refuse("VALUE_INVALID", path, "Expected a public IP address.")
	}
}

// hashOfNothing is what careless senders hash.
const hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func (c *check) hash(path string, n jsontree.Node) {
	if n.Kind != jsontree.String || !hashForm.MatchString(n.Text) || n.Text == hashOfNothing {
		c.refuse("VALUE_INVALID", path, "Expected a SHA-256 digest in lower-case hexadecimal.")
	}
}

func (c *check) number(path string, n jsontree.Node) {
	if n.Kind == jsontree.String {
		c.messages = append(c.messages, message{Description: "Validation of " + path + " should prevent conversion from unsupported value [string_value]", Code: "INTERNAL_ERROR"})
		return
	}
	if _, ok := n.Float(); !ok || strings.ContainsAny(n.Text, "eE") {
		c.refuse("VALUE_INVALID", path, "Expected a number.")
	}
}

func (c *check) whole(path string, n jsontree.Node) {
	if v, ok := n.Int(); !ok || v <= 0 {
		c.refuse("VALUE_INVALID", path, "Expected a positive integer.")
	}
}

func (c *check) currency(path string, n jsontree.Node) {
	if n.Kind != jsontree.String || !currency.Known(n.Text) {
		c.refuse("VALUE_INVALID", path, "Expected an ISO 4217 code.")
	}
}

func (c *check) url(path string, n jsontree.Node) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	text(longest[name])(c, path, n)
	if u, err := url.Parse(n.Text); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		c.refuse("VALUE_INVALID", path, "Expected an http or https URL without user and fragment.")
	}
}

func (c *check) items(path string, n jsontree.Node) {
	list(200, closed(itemMembers))(c, path, n)
	for i, item := range n.Items {
		if !item.Has("item_id") && !item.Has("item_name") {
			c.refuse("VALUE_REQUIRED", fmt.Sprintf("%s[%d]", path, i), "One of item_id and item_name is required.")
		}
	}
}

func (c *check) name(path, name string, most int) bool {
	prefixed := slices.ContainsFunc([]string{"_", "firebase_", "ga_", "google_", "gtag."}, func(p string) bool { return strings.HasPrefix(name, p) })
	switch {
	case prefixed:
		c.refuse("NAME_RESERVED", path, "A name has a reserved prefix.")
	case !nameForm.MatchString(name) || len(name) > most:
		c.refuse("NAME_INVALID", path, "A name has an invalid name. Only alphanumeric characters and underscores are allowed.")
	default:
		return true
	}
	return false
}

func (c *check) userProperties(path string, n jsontree.Node) {
	if n.Kind != jsontree.Object || len(n.Members) == 0 || len(n.Members) > 25 {
		c.refuse("EXCEEDED_MAX_ENTITIES", path, "Expected 1 to 25 user properties.")
	}
	for _, m := range n.Members {
		c.name(path, m.Name, 24)
		c.object(path+"."+m.Name, m.Value, map[string]rule{"value": scalar(36)})
	}
}

// scalar is a number, or text of at most so many characters.
func scalar(most int) rule {
	return func(c *check, path string, n jsontree.Node) {
		if n.Kind == jsontree.Number {
			return
		}
		text(most)(c, path, n)
	}
}

func (c *check) events(path string, n jsontree.Node) {
	if n.Kind != jsontree.Array || len(n.Items) == 0 {
		c.refuse("VALUE_REQUIRED", path, "Expected events.")
	}
	if len(n.Items) > 25 {
		c.refuse("EXCEEDED_MAX_ENTITIES", path, "The request has more than 25 events.")
	}
	for i, e := range n.Items {
		c.event(i, e)
	}
}

func (c *check) event(i int, e jsontree.Node) {
	c.object("events", e, map[string]rule{"name": text(40), "params": func(*check, string, jsontree.Node) {}})
	name := e.Get("name").Text
	switch {
	case slices.Contains(reserved, name), !c.app && slices.Contains(appOnly, name):
		c.refuse("NAME_RESERVED", "events", "Event at index: [%d] has a reserved name.", i)
	case !nameForm.MatchString(name) || len(name) > 40:
		c.refuse("NAME_INVALID", "events", "Event at index: [%d] has invalid name. Only alphanumeric characters and underscores are allowed.", i)
	default:
		c.name("events", name, 40)
	}
	params := e.Get("params")
	if len(params.Members) > 25 {
		c.refuse("EXCEEDED_MAX_ENTITIES", "events", "Event at index: [%d] has too many parameters", i)
	}
	for _, p := range params.Members {
		if !c.name("events.params", p.Name, 40) {
			continue
		}
		judge, special := parameters[p.Name]
		if !special {
			judge = scalar(100)
		}
		judge(c, "events.params."+p.Name, p.Value)
	}
	if params.Has("value") && !params.Has("currency") {
		c.refuse("VALUE_REQUIRED", "events.params.currency", "Event at index: [%d] has a value without currency.", i)
	}
}
