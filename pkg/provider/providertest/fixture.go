// Package providertest is what every provider has to pass before it may be
// registered: the promises that router and sender rely on, checked through the
// provider's public interface with an event full of canaries. A new provider
// is one folder with its fake in it, one line in pkg/provider/all, and a test
// that calls Run.
package providertest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Now is the clock of the suite; its event happened an hour before.
var Now = time.Date(2026, 11, 20, 15, 7, 1, 0, time.UTC).UnixMilli()

// Raw values of the canary event. None of them may ever stand in a payload,
// whatever the provider.
var neverInClear = []string{
	"canary.mail", "4930901820", "30 901820", "canaryfirst", "canarylast", "1990-02-03", "19900203", "canarystreet", "canarysubject",
}

// clearOnly may stand in members that Spec.Clear declares, and nowhere else.
var clearOnly = []string{
	"203.0.113.9", "canaryagent", "canaryexternal", "canarycity", "94045", "canarygclid", "canarygbraid", "canarywbraid", "canaryfbclid",
	"1690000000.987654321",
}

// sensitiveText is what a sensitive destination must not learn.
var sensitiveText = []string{"canaryitem", "canarybrand", "canarycategory", "canarytitle", "canarysearch", "canarypath"}

// storedIDs come from cookies or URLs and need ad_storage.
var storedIDs = []string{"canarygclid", "canarygbraid", "canarywbraid", "canaryfbclid", "1690000000.987654321", "canarysession"}

// Fixture is one way to use the provider under test.
type Fixture struct {
	// Account and Section are valid; Mapping maps the event Canary().Name.
	Account, Section json.RawMessage
	Mapping          resource.Mapping
	// Change may adapt the canary event so that the provider takes it.
	Change func(*event.Event)
	// Invalid are account or section documents that the provider refuses.
	Invalid []Invalid
	// Answers are responses with the class that they have.
	Answers []Answer
	// Secret is what Authorize turns into an authorization without asking
	// anybody; empty where the provider's requests need none to be assembled.
	Secret string
	// StatusDecides: a success is one whatever its body says, as with an
	// endpoint that promises no body.
	StatusDecides bool
	// ResendUnsafe: the provider does not recognise a second copy of the canary
	// event, and says so.
	ResendUnsafe bool
	// OwnNumbers are members of the event that hold numbers of the provider's own,
	// which it wants as they are: a card number is of the same form as one of them.
	OwnNumbers []string
	// NoProperties: objects of the provider are closed, so that a mapping which
	// names a property is refused. Without are the details (include) that it has no
	// member for, which are refused as well.
	NoProperties bool
	Without      []string
	// RestrictedPlace is where the provider has a reduced form; the zero value
	// where it has one everywhere.
	RestrictedPlace consent.Jurisdiction
}

// Invalid is a refused document and the path of one of its problems.
type Invalid struct {
	Name             string
	Account, Section json.RawMessage
	Path             string
}

// Answer is a response to a request of N events.
type Answer struct {
	Name   string
	N      int
	Status int
	Header map[string]string
	Body   string
	Class  provider.Class
	// Faults are the indices that the answer names; FaultClasses what each
	// means, where the fixture looks.
	Faults       []int
	FaultClasses []provider.Class
	// RestDelivered: the others were taken.
	RestDelivered bool
	WaitMS        int64
}

// Canary is an event that has everything.
func Canary() *event.Event {
	raw := identity.NewRaw
	e := &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: Now - 3600_000, ID: "evt-1", SubjectID: raw("canarysubject"),
		Source: event.SourceWeb,
		Origin: event.Coordinates{Topic: "analytics.events", TopicID: event.TopicID{7}, Partition: 3, Offset: 42, AppendTime: Now - 3590_000},
	}
	e.Page = event.Page{
		URL:      "https://shop.example/canarypath?utm_source=news&gclid=canarygclid&fbclid=canaryfbclid&email=canary.mail%40example.org#frag",
		Referrer: "https://user:pw@www.example/?q=canary.mail@example.org&gclid=canarygclid", Title: "canarytitle",
	}
	e.Device.IP, e.Device.UserAgent = raw("203.0.113.9"), raw("Mozilla/5.0 (canaryagent)")
	e.Location = event.Location{Country: "US", Region: "CA"}
	e.Identity = event.Identity{
		Emails: []identity.Raw{raw("Canary.Mail+tag@Example.org")}, Phones: []identity.Raw{raw("+49 30 901820")},
		FirstName: raw("CanaryFirst"), LastName: raw("CanaryLast"), DateOfBirth: raw("1990-02-03"), Gender: raw("f"),
		Street: raw("CanaryStreet 1"), City: raw("CanaryCity"), Region: raw("CA"), PostalCode: raw("94045"), Country: raw("US"),
		ExternalIDs: []identity.Raw{raw("canaryexternal")},
	}
	e.Click = event.Click{
		Fbc: raw("fb.1.1732083884987.canaryfbclid"), Fbp: raw("fb.1.1690000000.987654321"), Fbclid: raw("canaryfbclid"),
		Gclid: raw("canarygclid"), Gbraid: raw("canarygbraid"), Wbraid: raw("canarywbraid"),
		CapturedAt: Now - 2*3600_000,
	}
	e.Commerce = event.Commerce{
		TransactionID: "ORDER-1001", Value: event.Some(49.9), Currency: "EUR", SearchTerm: "canarysearch",
		Items: []event.Item{{
			ID: "SKU-1", Name: "canaryitem", Brand: "canarybrand", Category: "canarycategory", Quantity: event.Some[int64](2), Price: event.Some(24.95),
		}},
	}
	e.Properties = []event.Property{
		{Key: "plan", Value: event.Value{Kind: event.String, Str: "gold"}},
		{Key: "unnamed", Value: event.Value{Kind: event.String, Str: "canaryproperty"}},
	}
	return e
}

// bench is a compiled fixture.
type bench struct {
	p     provider.Provider
	f     *Fixture
	route resource.Route
	at    provider.Endpoint
}

func newBench(t testing.TB, p provider.Provider, f *Fixture) *bench {
	t.Helper()
	b := &bench{p: p, f: f}
	d := &resource.Destination{
		ID: "suite", Customer: "acme", Provider: p.Name(), Active: true, Account: f.Account, Section: f.Section, Hash: "h",
		Delivery: resource.DeliverySpec{MinClickAgeMS: -1},
	}
	account, problems := p.Open(d)
	noProblems(t, problems, "the fixture's account is valid")
	m := f.Mapping
	if m.Name == "" {
		m.Name = "suite-purchase"
	}
	m.DestinationID, m.SourceEvent, m.Enabled = d.ID, Canary().Name, true
	target, problems := account.Map(&m)
	noProblems(t, problems, "the fixture's mapping is valid")
	holds(t, account.Fingerprint() != "", "an account has a fingerprint")
	holds(t, target.Key() != "", "a mapping has a target")
	b.route = resource.Route{
		Destination: d, Mapping: &m, Provider: p, Account: account, Fingerprint: account.Fingerprint(), Target: target, Key: target.Key(),
		Needs: p.Needs(), Kinds: p.Supported(),
	}
	spec := p.Spec()
	opened, ok := account.(provider.Account)
	holds(t, ok, "the account assembles no requests")
	_, ok = target.(provider.Target)
	holds(t, ok, "the target builds no events")
	b.at = provider.Endpoint{Destination: d, Account: opened, BaseURL: spec.BaseURL, TokenURL: spec.TokenURL}
	return b
}

// input is the canary event where everything is granted in an opt-out place.
func (b *bench) input() provider.Input {
	e := Canary()
	if b.f.Change != nil {
		b.f.Change(e)
	}
	in := provider.Input{
		Event: e, Usable: consent.AllPurposes, Said: consent.State{Granted: consent.AllPurposes},
		Regime: consent.OptOut, Now: Now, Scratch: &provider.Scratch{},
		Place: consent.Place{Location: consent.NewJurisdiction("US", "CA"), Identity: consent.NewJurisdiction("US", "")},
	}
	route := b.route
	in.Route = &route
	in.EventID, in.EventIDSource = e.EffectiveID()
	return in
}
