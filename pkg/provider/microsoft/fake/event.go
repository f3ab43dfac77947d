package fake

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/shape"
)

const maxAge = 7 * 24 * time.Hour

var (
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	guidForm   = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

const (
	zeroGUID  = "00000000-0000-0000-0000-000000000000"
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

var (
	digest = shape.Ruled("must be a SHA-256 digest in lower-case hexadecimal", func(s string) bool { return digestForm.MatchString(s) && s != emptyHash })
	guid   = shape.Ruled("must be a GUID", func(s string) bool { return guidForm.MatchString(s) && s != zeroGUID })
	link   = shape.Ruled("must be a valid URL", func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
	})
	filled = shape.Ruled("must not be empty", func(s string) bool { return strings.TrimSpace(s) != "" })
)

func oneOf(words ...string) shape.Shape {
	return shape.Ruled("must be of "+strings.Join(words, ", "), func(s string) bool {
		for _, w := range words {
			if s == w {
				return true
			}
		}
		return false
	})
}

// eventShape is the documented schema of one event. Its objects are closed.
var eventShape = shape.Object(map[string]shape.Shape{
	"eventType": oneOf("pageLoad", "custom"), "eventName": filled, "eventId": filled, "eventTime": shape.Integer,
	"eventSourceUrl": link, "referrerUrl": link, "pageLoadId": guid, "pageTitle": filled, "keywords": filled,
	"adStorageConsent": oneOf("G", "D"),
	"userData": shape.Object(map[string]shape.Shape{
		"anonymousId": guid, "externalId": filled, "em": digest, "ph": digest, "msclkid": guid, "idfa": guid, "gaid": guid,
		"clientUserAgent": filled,
		"clientIpAddress": shape.Ruled("must be an IP address", func(s string) bool { _, err := netip.ParseAddr(s); return err == nil }),
	}),
	"customData": shape.Object(map[string]shape.Shape{
		"eventCategory": filled, "eventLabel": filled, "eventValue": shape.Number, "searchTerm": filled, "transactionId": filled,
		"value": shape.Number, "currency": shape.Ruled("must be an ISO 4217 code", currency.Known), "ecommTotalValue": shape.Number, "ecommCategory": filled,
		"pageType": oneOf("cart", "category", "home", "other", "product", "purchase", "searchresults"),
		"itemIds":  shape.List(filled),
		"items":    shape.List(shape.Object(map[string]shape.Shape{"id": filled, "name": filled, "quantity": shape.Integer, "price": shape.Number}, "id")),
	}),
}, "eventType", "eventTime", "userData")

// check judges one event of a request.
type check struct {
	event  jsontree.Node
	path   string
	now    time.Time
	future time.Duration
}

// run gives the first broken rule, nil where none is.
func (c *check) run() *shape.Problem {
	if p := eventShape.Check(c.event, c.path); p != nil {
		return p
	}
	for _, rule := range []func() *shape.Problem{c.kind, c.moment, c.person, c.money} {
		if p := rule(); p != nil {
			return p
		}
	}
	return nil
}

func (c *check) kind() *shape.Problem {
	if c.event.Get("eventType").Text == "pageLoad" {
		switch {
		case !c.event.Has("eventSourceUrl"):
			return &shape.Problem{Path: c.path + ".eventSourceUrl", Must: "is required for pageLoad"}
		case c.event.Get("customData").Has("value"):
			return &shape.Problem{Path: c.path + ".customData.value", Must: "is not allowed for pageLoad"}
		}
		return nil
	}
	if !c.event.Has("eventName") {
		return &shape.Problem{Path: c.path + ".eventName", Must: "is required for custom"}
	}
	return nil
}

func (c *check) moment() *shape.Problem {
	seconds, _ := c.event.Get("eventTime").Int()
	at := time.Unix(seconds, 0)
	switch {
	case at.Before(c.now.Add(-maxAge)):
		return &shape.Problem{Path: c.path + ".eventTime", Must: "must not be older than 7 days"}
	case at.After(c.now.Add(c.future)):
		return &shape.Problem{Path: c.path + ".eventTime", Must: "must not be in the future"}
	}
	return nil
}

// person wants one of the documented identifiers.
func (c *check) person() *shape.Problem {
	user := c.event.Get("userData")
	for _, name := range []string{"anonymousId", "externalId", "em", "ph", "msclkid", "idfa", "gaid"} {
		if user.Has(name) {
			return c.externalID(user.Get("externalId"))
		}
	}
	return &shape.Problem{Path: c.path + ".userData", Must: "must have one of anonymousId, externalId, em, ph, msclkid, idfa, gaid"}
}

// externalID must not be the customer's real id: a digest is what this stand-in
// takes.
func (c *check) externalID(n jsontree.Node) *shape.Problem {
	if n.Kind == jsontree.String && !digestForm.MatchString(n.Text) {
		return &shape.Problem{Path: c.path + ".userData.externalId", Must: "must be a hash"}
	}
	return nil
}

func (c *check) money() *shape.Problem {
	data := c.event.Get("customData")
	for i, item := range data.Get("items").Items {
		if q, ok := item.Get("quantity").Int(); ok && q <= 0 {
			return &shape.Problem{Path: c.path + ".customData.items[" + strconv.Itoa(i) + "].quantity", Must: "must be positive"}
		}
	}
	if data.Has("value") && !data.Has("currency") {
		return &shape.Problem{Path: c.path + ".customData.currency", Must: "is required with value"}
	}
	return nil
}
