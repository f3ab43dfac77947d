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

// problem is one error of an answer.
type problem struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Parameter string `json:"parameter,omitempty"`
}

// check judges one conversion.
type check struct {
	now            time.Time
	oldest, future time.Duration
	problems       []problem
}

func (c *check) refuse(code, parameter, what string) {
	c.problems = append(c.problems, problem{code, parameter + " " + what, parameter})
}

func (c *check) invalid(parameter, what string) { c.refuse("INVALID_PARAMETER", parameter, what) }

// rule judges one member.
type rule func(c *check, name string, n jsontree.Node)

// field is one member of an object.
type field struct {
	name     string
	required bool
	rule     rule
}

var (
	conversionFields = []field{
		{"conversion_time", true, (*check).time}, {"event_id", true, (*check).event}, {"identifiers", true, (*check).identifiers},
		{"conversion_id", false, (*check).text}, {"value", false, (*check).value}, {"price_currency", false, (*check).currency},
		{"number_items", false, (*check).positive}, {"contents", false, (*check).contents}, {"description", false, (*check).text},
		{"search_string", false, (*check).text}, {"event_source_url", false, (*check).url},
	}
	contentFields = []field{
		{"content_id", false, (*check).text}, {"content_name", false, (*check).text}, {"content_type", false, (*check).text},
		{"content_price", false, (*check).number}, {"num_items", false, (*check).positive}, {"content_group_id", false, (*check).text},
	}
	identifierFields = []field{
		{"twclid", false, (*check).clickID}, {"hashed_email", false, (*check).hash}, {"hashed_phone_number", false, (*check).hash},
		{"ip_address", false, (*check).address}, {"user_agent", false, (*check).text},
	}
)

func (c *check) conversion(n jsontree.Node) {
	c.object("conversion", n, conversionFields)
	if n.Has("value") && !n.Has("price_currency") {
		c.refuse("INCLUSIVE_PARAMETERS", "price_currency", "must stand beside value")
	}
}

func (c *check) object(name string, n jsontree.Node, fields []field) {
	if n.Kind != jsontree.Object || len(n.Members) == 0 {
		c.invalid(name, "must be an object with members")
		return
	}
	for _, m := range n.Members {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == m.Name })
		if i < 0 {
			c.invalid(short64(m.Name), "is not known")
			continue
		}
		fields[i].rule(c, m.Name, m.Value)
	}
	for _, f := range fields {
		if f.required && !n.Has(f.name) {
			c.refuse("MISSING_PARAMETER", f.name, "is required")
		}
	}
}

// identifiers wants somebody to be named: IP address and user agent, which share
// one object, only complete another identifier.
func (c *check) identifiers(name string, n jsontree.Node) {
	if n.Kind != jsontree.Array || len(n.Items) == 0 {
		c.problems = append(c.problems, problem{"MISSING_PARAMETER", "At least one user identifier must be provided", name})
		return
	}
	device, strong := 0, 0
	seen := map[string]bool{}
	for _, id := range n.Items {
		c.object(name, id, identifierFields)
		isDevice := id.Has("ip_address") || id.Has("user_agent")
		switch {
		case isDevice:
			device++
			if len(id.Members) > 2 || len(id.Members) == 2 && (!id.Has("ip_address") || !id.Has("user_agent")) {
				c.refuse("EXCLUSIVE_PARAMETERS", name, "must have one identifier in an object, or ip_address and user_agent")
			}
		case len(id.Members) != 1:
			c.refuse("EXCLUSIVE_PARAMETERS", name, "must have one identifier in an object, or ip_address and user_agent")
		default:
			strong++
			key := id.Members[0].Name
			if seen[key] {
				c.invalid(key, "came twice")
			}
			seen[key] = true
		}
	}
	switch {
	case device > 1:
		c.refuse("INCLUSIVE_PARAMETERS", name, "must have ip_address and user_agent in one object")
	case strong == 0:
		c.problems = append(c.problems, problem{"MISSING_PARAMETER", "At least one user identifier must be provided", name})
	}
}

var personal = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}`)

// text is any string that says something and holds no e-mail address.
func (c *check) text(name string, n jsontree.Node) {
	switch {
	case n.Kind != jsontree.String || strings.TrimSpace(n.Text) == "":
		c.invalid(name, "must be a string that is not empty")
	case personal.MatchString(n.Text):
		c.invalid(name, "holds an e-mail address")
	}
}

// timeForm is ISO 8601 in UTC with milliseconds.
const timeForm = "2006-01-02T15:04:05.000Z"

func (c *check) time(name string, n jsontree.Node) {
	at, err := time.Parse(timeForm, n.Text)
	switch {
	case n.Kind != jsontree.String || err != nil:
		c.invalid(name, "must be a time as "+timeForm)
	case c.now.Sub(at) > c.oldest || at.Sub(c.now) > c.future:
		c.invalid(name, "is too old or lies in the future")
	}
}

var (
	idForm      = regexp.MustCompile(`^[0-9a-z]{3,12}$`)
	eventForm   = regexp.MustCompile(`^(tw-[0-9a-z]{3,12}-)?[0-9a-z]{3,12}$`)
	hashForm    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	clickForm   = regexp.MustCompile(`^[!#-?A-\[\]-~]{1,200}$`)
	decimalForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})\.[0-9]{2,9}$`)
)

func (c *check) event(name string, n jsontree.Node) {
	if n.Kind != jsontree.String || !eventForm.MatchString(n.Text) {
		c.invalid(name, "is not a single event tag (SET)")
	}
}

// hashOfNothing is what careless senders hash.
const hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func (c *check) hash(name string, n jsontree.Node) {
	if n.Kind != jsontree.String || !hashForm.MatchString(n.Text) || n.Text == hashOfNothing {
		c.problems = append(c.problems, problem{"INVALID_PARAMETER", strings.ToUpper(name[:1]) + name[1:] + " is not a valid SHA-256 hash", name})
	}
}

func (c *check) clickID(name string, n jsontree.Node) {
	if n.Kind != jsontree.String || !clickForm.MatchString(n.Text) {
		c.invalid(name, "is no click id")
	}
}

func (c *check) address(name string, n jsontree.Node) {
	a, err := netip.ParseAddr(n.Text)
	if n.Kind != jsontree.String || err != nil || !a.Is4() || !a.IsGlobalUnicast() || a.IsPrivate() {
		c.invalid(name, "is no public IPv4 address")
	}
}

func (c *check) value(name string, n jsontree.Node) {
	if n.Kind != jsontree.String || !decimalForm.MatchString(n.Text) {
		c.invalid(name, "must be a decimal number as text, with two places or more")
	}
}

func (c *check) currency(name string, n jsontree.Node) {
	if n.Kind != jsontree.String || !currency.Known(n.Text) {
		c.invalid(name, "is no ISO 4217 code")
	}
}

func (c *check) positive(name string, n jsontree.Node) {
	if v, ok := n.Int(); !ok || v <= 0 {
		c.invalid(name, "must be a positive integer")
	}
}

func (c *check) number(name string, n jsontree.Node) {
	if v, ok := n.Float(); !ok || v < 0 || strings.ContainsAny(n.Text, "eE") {
		c.invalid(name, "must be a number, not negative and without exponent")
	}
}

func (c *check) contents(name string, n jsontree.Node) {
	if n.Kind != jsontree.Array || len(n.Items) == 0 {
		c.invalid(name, "must be an array that is not empty")
	}
	for _, item := range n.Items {
		c.object(name, item, contentFields)
	}
}

func (c *check) url(name string, n jsontree.Node) {
	u, err := url.Parse(n.Text)
	if n.Kind != jsontree.String || err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		c.invalid(name, "must be an http or https URL without user and fragment")
		return
	}
	if personal.MatchString(n.Text) {
		c.invalid(name, "holds an e-mail address")
	}
}

// short64 bounds what of a request is repeated in an answer.
func short64(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}
