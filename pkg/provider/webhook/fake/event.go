package fake

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// check judges one event; the first problem counts.
type check struct {
	now     time.Time
	code    string
	problem string
}

func (c *check) refuse(code, path, what string) {
	if c.problem == "" {
		c.code, c.problem = code, path+" "+what
	}
}

// member is the rule of one member of an object.
type member struct {
	name     string
	required bool
	rule     func(*check, string, jsontree.Node)
}

// The members of an event and of its parts. Nothing else may stand there.
var (
	eventMembers = []member{
		{"event_name", true, (*check).name}, {"event_time", true, (*check).eventTime}, {"event_id", true, (*check).name},
		{"event_id_derived", false, (*check).boolean}, {"source", true, oneOf("web", "app", "in_store", "phone", "email", "chat", "system", "other")},
		{"page_url", false, (*check).url}, {"referrer", false, (*check).url}, {"page_title", false, (*check).text},
		{"user", false, object(userMembers)}, {"click", false, object(clickMembers)}, {"commerce", false, object(commerceMembers)},
		{"original", false, object(originalMembers)}, {"fields", false, (*check).scalars}, {"properties", false, (*check).scalars},
		{"consent", true, object(consentMembers)},
	}
	userMembers = []member{
		{"email_sha256", false, (*check).hashes}, {"phone_sha256", false, (*check).hashes}, {"external_id_sha256", false, (*check).hashes},
	}
	clickMembers = []member{
		{"gclid", false, (*check).token}, {"gbraid", false, (*check).token}, {"wbraid", false, (*check).token}, {"dclid", false, (*check).token},
		{"fbclid", false, (*check).token}, {"fbc", false, (*check).token}, {"fbp", false, (*check).token}, {"other", false, (*check).tokens},
		{"captured_at", false, (*check).time},
	}
	commerceMembers = []member{
		{"transaction_id", false, (*check).name}, {"value", false, (*check).number}, {"currency", false, (*check).currency},
		{"tax", false, (*check).number}, {"shipping", false, (*check).number}, {"discount", false, (*check).number},
		{"net_revenue", false, (*check).number}, {"predicted_ltv", false, (*check).number}, {"store_id", false, (*check).name},
		{"customer_type", false, oneOf("new", "returning", "reengaged")}, {"items", false, list(object(itemMembers))},
		{"coupons", false, list((*check).text)}, {"search_term", false, (*check).text},
	}
	itemMembers = []member{
		{"id", true, (*check).name}, {"quantity", false, (*check).number}, {"price", false, (*check).number},
		{"name", false, (*check).text}, {"brand", false, (*check).text}, {"category", false, (*check).text},
	}
	originalMembers = []member{
		{"event_name", false, (*check).text}, {"event_time", false, (*check).time}, {"event_id", false, (*check).name}, {"transaction_id", false, (*check).name},
	}
	consentMembers = []member{
		{"regime", true, oneOf("opt_in", "opt_out")}, {"ad_user_data", true, oneOf("granted", "unset")},
		{"ad_personalization", true, oneOf("granted", "unset", "denied")}, {"ad_storage", false, oneOf("granted", "unset")},
	}
)

// event checks an event, then what concerns several of its parts.
func (c *check) event(e jsontree.Node) {
	object(eventMembers)(c, "event", e)
	consent := e.Get("consent")
	for _, m := range consent.Members {
		if m.Value.Text == "unset" && consent.Get("regime").Text == "opt_in" {
			c.refuse("consent", m.Name, "is used under opt_in although nobody granted it")
		}
	}
	if e.Has("click") && !consent.Has("ad_storage") {
		c.refuse("consent", "click", "is there without ad_storage")
	}
	commerce := e.Get("commerce")
	for _, name := range []string{"value", "tax", "shipping", "discount", "net_revenue", "predicted_ltv"} {
		if commerce.Has(name) && !commerce.Has("currency") {
			c.refuse("currency", name, "is there without a currency")
		}
	}
}

// object checks members by their rules; unknown, missing, empty and null ones
// are refused.
func object(members []member) func(*check, string, jsontree.Node) {
	return func(c *check, path string, n jsontree.Node) {
		if n.Kind != jsontree.Object || len(n.Members) == 0 {
			c.refuse("type", path, "must be an object with members")
			return
		}
		for _, m := range n.Members {
			i := slices.IndexFunc(members, func(known member) bool { return known.name == m.Name })
			if i < 0 {
				c.refuse("unknown_member", path, "has the unknown member "+strconv.Quote(short(m.Name)))
				return
			}
			members[i].rule(c, path+"."+m.Name, m.Value)
		}
		for _, m := range members {
			if m.required && !n.Has(m.name) {
				c.refuse("missing", path+"."+m.name, "is missing")
			}
		}
	}
}

func list(rule func(*check, string, jsontree.Node)) func(*check, string, jsontree.Node) {
	return func(c *check, path string, n jsontree.Node) {
		if n.Kind != jsontree.Array || len(n.Items) == 0 {
			c.refuse("type", path, "must be an array with elements")
		}
		for i, item := range n.Items {
			rule(c, path+"["+strconv.Itoa(i)+"]", item)
		}
	}
}

func oneOf(words ...string) func(*check, string, jsontree.Node) {
	return func(c *check, path string, n jsontree.Node) {
		if n.Kind != jsontree.String || !slices.Contains(words, n.Text) {
			c.refuse("value", path, "is none of the known words")
		}
	}
}

var personal = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}`)

// text is any string that holds no e-mail address.
func (c *check) text(path string, n jsontree.Node) {
	switch {
	case n.Kind != jsontree.String || n.Text == "":
		c.refuse("type", path, "must be a string that is not empty")
	case personal.MatchString(n.Text):
		c.refuse("personal_data", path, "holds an e-mail address")
	}
}

func (c *check) name(path string, n jsontree.Node) { c.text(path, n) }

func (c *check) boolean(path string, n jsontree.Node) {
	if n.Kind != jsontree.Bool {
		c.refuse("type", path, "must be true or false")
	}
}

func (c *check) number(path string, n jsontree.Node) {
	if n.Kind != jsontree.Number {
		c.refuse("type", path, "must be a number")
	}
}

func (c *check) currency(path string, n jsontree.Node) {
	if n.Kind != jsontree.String || !currency.Known(n.Text) {
		c.refuse("currency", path, "is no ISO 4217 code")
	}
}

// timeForm is RFC 3339 in UTC with milliseconds, and nothing else.
const timeForm = "2006-01-02T15:04:05.000Z"

func (c *check) time(path string, n jsontree.Node) {
	if _, err := time.Parse(timeForm, n.Text); n.Kind != jsontree.String || err != nil {
		c.refuse("time", path, "must be a time as "+timeForm)
	}
}

// The ages that an event may have.
const oldest, future = 31 * 24 * time.Hour, 10 * time.Minute

func (c *check) eventTime(path string, n jsontree.Node) {
	c.time(path, n)
	at, err := time.Parse(timeForm, n.Text)
	if err == nil && (c.now.Sub(at) > oldest || at.Sub(c.now) > future) {
		c.refuse("age", path, "is too old or lies in the future")
	}
}

func (c *check) url(path string, n jsontree.Node) {
	c.text(path, n)
	u, err := url.Parse(n.Text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		c.refuse("url", path, "must be an http or https URL without user and fragment")
		return
	}
	for _, id := range []string{"gclid", "gbraid", "wbraid", "dclid", "fbclid", "ttclid", "msclkid"} {
		if u.Query().Has(id) {
			c.refuse("url", path, "carries a click id")
		}
	}
}

var (
	hashForm  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	tokenForm = regexp.MustCompile(`^[!#-?A-\[\]-~]{1,512}$`)
	nameForm  = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,63}$`)
)

// hashOfNothing is what careless senders hash.
const hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// hashes are SHA-256 in lower-case hex, sorted, without repeats.
func (c *check) hashes(path string, n jsontree.Node) {
	list(func(c *check, path string, n jsontree.Node) {
		if n.Kind != jsontree.String || !hashForm.MatchString(n.Text) || n.Text == hashOfNothing {
			c.refuse("not_hashed", path, "is no SHA-256 of something, in lower-case hex")
		}
	})(c, path, n)
	for i := 1; i < len(n.Items); i++ {
		if n.Items[i-1].Text >= n.Items[i].Text {
			c.refuse("not_hashed", path, "must be sorted and without repeats")
		}
	}
	if len(n.Items) > 10 {
		c.refuse("not_hashed", path, "must be at most 10 values")
	}
}

func (c *check) token(path string, n jsontree.Node) {
	if n.Kind != jsontree.String || !tokenForm.MatchString(n.Text) {
		c.refuse("click", path, "is no click id")
	}
}

func (c *check) tokens(path string, n jsontree.Node) {
	c.members(path, n, (*check).token, nameForm)
}

// scalars are free members with plain values.
func (c *check) scalars(path string, n jsontree.Node) {
	c.members(path, n, func(c *check, path string, n jsontree.Node) {
		switch n.Kind {
		case jsontree.Bool, jsontree.Number:
		default:
			c.text(path, n)
		}
	}, nil)
}

func (c *check) members(path string, n jsontree.Node, rule func(*check, string, jsontree.Node), names *regexp.Regexp) {
	if n.Kind != jsontree.Object || len(n.Members) == 0 {
		c.refuse("type", path, "must be an object with members")
	}
	for _, m := range n.Members {
		if names != nil && !names.MatchString(m.Name) {
			c.refuse("unknown_member", path, "has a name that is not plain")
			return
		}
		rule(c, path+"."+short(m.Name), m.Value)
	}
}
