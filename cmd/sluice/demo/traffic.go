package demo

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Record is one thing to write to the input topic: an event, or bytes that are
// none.
type Record struct {
	Event *event.Event
	Raw   []byte // set instead of Event
}

// Traffic makes realistic analytics traffic of several customers: mostly
// browsing that no mapping names, conversions with every mix of consent and
// identifiers, and now and then what goes wrong in practice. The same seed and
// clock give the same traffic.
type Traffic struct {
	rng  *rand.Rand
	now  time.Time
	n    int
	odd  int
	last *event.Event // what a browser or a retry sends a second time
	// queue holds changed copies that come next.
	queue []*event.Event
}

// NewTraffic starts at now.
func NewTraffic(seed uint64, now time.Time) *Traffic {
	return &Traffic{rng: rand.New(rand.NewPCG(seed, 0x51c3)), now: now}
}

// oddEvery is how often something unusual happens: rare enough to be
// realistic, often enough that a thousand events show every kind.
const oddEvery = 9

// Next makes the next record.
func (t *Traffic) Next() Record {
	t.n++
	if len(t.queue) > 0 {
		e := t.queue[0]
		t.queue = t.queue[1:]
		return Record{Event: e}
	}
	if t.n%oddEvery == 0 {
		o := oddities[t.odd%len(oddities)]
		t.odd++
		return o(t)
	}
	if t.last != nil && t.rng.IntN(40) == 0 {
		again := t.last
		t.last = nil
		return Record{Event: again}
	}
	s := t.shop()
	if t.rng.IntN(100) < 70 {
		return Record{Event: t.browse(s)}
	}
	e := t.conversion(s)
	if t.rng.IntN(10) == 0 {
		t.last = e
	}
	return Record{Event: e}
}

var browsing = []string{"page.viewed", "product.viewed", "search.performed", "list.viewed", "banner.clicked", "video.played", "review.read"}

// browse is an event of the kind that stays inside.
func (t *Traffic) browse(s shop) *event.Event {
	e := t.base(s, browsing[t.rng.IntN(len(browsing))])
	e.Properties = []event.Property{{Key: "position", Value: event.Value{Kind: event.Long, Long: int64(t.rng.IntN(50))}}}
	return e
}

// conversion is an event that a mapping may name.
func (t *Traffic) conversion(s shop) *event.Event {
	e := t.base(s, s.funnel[t.rng.IntN(len(s.funnel))])
	t.identify(e, s)
	if s.grant {
		t.grantAll(e)
	}
	if e.Name != "user.signed_up" && !strings.HasPrefix(e.Name, "lead.") {
		t.shopFor(e, s)
	}
	return e
}

// base fills what every web event has.
func (t *Traffic) base(s shop, name string) *event.Event {
	subject := s.customer[:2] + "-" + strconv.Itoa(t.rng.IntN(4000))
	at := t.now.Add(-time.Duration(t.rng.IntN(1800)) * time.Second).UnixMilli()
	return &event.Event{
		CustomerID: s.customer, Name: name, Time: at,
		ID:        fmt.Sprintf("%s-%08x-%06d", s.customer[:3], t.rng.Uint32(), t.n),
		SubjectID: identity.NewRaw(subject), ReceivedTime: at + 400, Source: event.SourceWeb,
		Page: event.Page{URL: s.host + "/p/" + strconv.Itoa(t.rng.IntN(900)) + "?utm_source=newsletter&session=8f2e", Referrer: "https://search.example/", Title: s.product},
		Device: event.Device{
			IP:        identity.NewRaw(fmt.Sprintf("81.2.%d.%d", t.rng.IntN(250), 1+t.rng.IntN(250))),
			UserAgent: identity.NewRaw("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Safari/537.36"),
			Language:  "en",
		},
		Location: event.Location{Country: s.country, Region: s.region},
	}
}

var (
	givenNames  = []string{"Anna", "José", "Marie-Claire", "Łukasz", "Zoë", "Ömer", "Grace", "Noah"}
	familyNames = []string{"Schmidt", "García", "O'Connor", "Nowak", "van der Berg", "Yılmaz", "Smith", "Dubois"}
)

// identify adds what a logged-in customer or a clicked ad leaves behind.
func (t *Traffic) identify(e *event.Event, s shop) {
	n := t.rng.IntN(9000)
	given, family := givenNames[t.rng.IntN(len(givenNames))], familyNames[t.rng.IntN(len(familyNames))]
	e.Identity.Emails = []identity.Raw{identity.NewRaw(fmt.Sprintf(" Customer.%d@Example.com ", n))}
	e.Identity.ExternalIDs = []identity.Raw{identity.NewRaw("crm-" + strconv.Itoa(n))}
	if t.rng.IntN(2) == 0 {
		e.Identity.Phones = []identity.Raw{identity.NewRaw(fmt.Sprintf("%s%04d", s.phone, n))}
	}
	if t.rng.IntN(2) == 0 {
		e.Identity.FirstName, e.Identity.LastName = identity.NewRaw(given), identity.NewRaw(family)
		e.Identity.City, e.Identity.PostalCode = identity.NewRaw("Springfield"), identity.NewRaw(fmt.Sprintf("%05d", 10000+n))
		e.Identity.Country = identity.NewRaw(s.country)
	}
	for _, leave := range s.clicks {
		if t.rng.IntN(2) == 0 {
			leave(t, e)
		}
	}
}

// grantAll is what a consent banner says after "accept all".
func (t *Traffic) grantAll(e *event.Event) {
	granted := consent.Text("granted")
	e.Consent = consent.Input{AdStorage: granted, AdUserData: granted, AdPersonalization: granted, AnalyticsStorage: granted, CapturedAt: e.Time - 60_000}
	if t.rng.IntN(6) == 0 {
		e.Consent.AdPersonalization = consent.Text("denied")
	}
}

// shopFor fills a cart.
func (t *Traffic) shopFor(e *event.Event, s shop) {
	c := &e.Commerce
	c.Currency = s.currency
	total := 0.0
	for range 1 + t.rng.IntN(3) {
		price := float64(200+t.rng.IntN(9000)) / 100
		quantity := int64(1 + t.rng.IntN(2))
		total += price * float64(quantity)
		c.Items = append(c.Items, event.Item{
			ID: "sku-" + strconv.Itoa(t.rng.IntN(500)), Name: s.product, Brand: s.brand,
			Quantity: event.Some(quantity), Price: event.Some(price),
		})
	}
	c.Value = event.Some(float64(int64(total*100+0.5)) / 100)
	if e.Name == "transaction.purchase" {
		c.TransactionID = fmt.Sprintf("T%s%07d", s.customer[:2], t.n)
	}
}
