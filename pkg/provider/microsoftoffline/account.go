package microsoftoffline

import (
	"encoding/json"
	"regexp"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

// accountKeys is spec.account.
type accountKeys struct {
	CustomerID string            `yaml:"customer_id" kind:"digits" required:"true" rule:"number" doc:"Id of the customer (cid in the address of Microsoft Advertising)."`
	AccountID  string            `yaml:"account_id" kind:"digits" required:"true" rule:"number" doc:"Id of the ad account that owns the goals (aid in the address; not the account number of letters)."`
	Events     map[string]string `yaml:"events" doc:"Offline conversion goals by provider event: the name of each, as Microsoft Advertising shows it."`
}

// mappingKeys is a mapping's section.
type mappingKeys struct {
	Adjust bool `yaml:"adjust" doc:"Take back a conversion that was sent before, or restate its value where fields.value says what remains."`
	Online bool `yaml:"online" doc:"The conversion that is adjusted was reported by the UET tag or the UET Conversions API: it is named by its transaction id."`
}

// goal is what the name of a goal looks like: text that a person wrote.
var goal = document.Rule{
	Must: "must be the name of a conversion goal: 1 to 100 characters without control characters",
	Fix:  "copy it from Conversions > Conversion goals",
	Form: regexp.MustCompile(`^[^\p{C}\p{Z}](?:[^\p{C}]{0,98}[^\p{C}\p{Z}])?$`),
}

var (
	options = document.Options{Rules: map[string]document.Rule{
		"number": {Form: regexp.MustCompile(`^[1-9][0-9]{0,18}$`), Must: "must be a number that Microsoft assigned", Fix: "copy cid and aid from the address of Microsoft Advertising"},
	}}
	accountSchema = document.Declare(accountKeys{}, options)
	mappingSchema = document.Declare(mappingKeys{}, options)
)

// account is a compiled destination.
type account struct {
	id           string
	events       conversion.Events
	header       []provider.Header
	phoneCountry string
	minClickAge  int64 // ms
}

// Open implements resource.Provider.
func (Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := provider.Findings{Resource: "Destination/" + d.ID}
	var k accountKeys
	found.Read(accountSchema, d.Account, "spec.account", &k)
	conversion.NoSection(&found, Name, d.Section)
	a := &account{id: k.AccountID, events: k.Events, minClickAge: d.Delivery.MinClickAgeMS}
	if a.minClickAge < 0 {
		a.minClickAge = clickAge
	}
	a.header = []provider.Header{
		{Name: "Content-Type", Value: "application/json"}, {Name: "CustomerAccountId", Value: k.AccountID}, {Name: "CustomerId", Value: k.CustomerID},
	}
	a.events.Check(&found, goal)
	a.phoneCountry = found.Defaults(d.Defaults)
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return a, found.List
}

// Fingerprint implements resource.Account. Goals and secret may change without it.
func (a *account) Fingerprint() string { return Name + ":" + a.id }

// Version implements provider.Versioned: no end of it is announced for REST.
func (a *account) Version() (name string, ends int64) { return version, 0 }

// Bounds implements resource.Bounded.
func (a *account) Bounds() resource.Bounds {
	return resource.Bounds{MaxWaitMS: maxAge - ageMargin, Numbers: []string{"value"}, Texts: []string{"currency"}}
}

// target is a compiled mapping.
type target struct {
	account *account
	goal    identity.Clean
	adjust  bool
	online  bool
	restate bool // fields.value says what remains
	group   string
}

var rules = conversion.MappingRules{Name: Name, Title: title, MaxName: 100}

const goalFix = "make a goal of type offline at Conversions > Conversion goals"

// Map implements resource.Account. An adjustment has the goal, and so the key, of
// the conversion that it adjusts.
func (a *account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := provider.Findings{Resource: "Mapping/" + m.Name}
	var k mappingKeys
	found.Read(mappingSchema, m.Section, "spec."+Name, &k)
	rest := *m
	rest.Section = nil
	conversion.ReadMapping(&found, &rest, rules)
	t := &target{account: a, adjust: k.Adjust, online: k.Online, group: groupApply}
	t.goal = identity.Vouch(a.events.ID(&found, m, "goal", goalFix))
	_, t.restate = m.Fields["value"]
	switch {
	case k.Online && !k.Adjust:
		found.Add("spec."+Name+".online", "needs adjust: online conversions are reported by the UET tag or the provider microsoft", "", "add adjust: true, or remove it")
	case k.Adjust && !t.restate && m.FromTemplate != "":
		// A template does not know whether a refund is whole, and a goal that is
		// retracted for a part of it is lost.
		found.Warn("spec."+Name+".adjust", "needs a mapping of its own: nobody says here what remains of the value", "", adjustFix)
	}
	switch {
	case k.Adjust && k.Online:
		t.group = groupOnline
	case k.Adjust:
		t.group = groupAdjust
	}
	return t, found.List
}

const adjustFix = "map the event with " + Name + ": {adjust: true}, and with fields: {value: the remaining value} unless every refund is whole"

// Key implements resource.Target.
func (t *target) Key() string { return t.goal.Text() }

const refundedEvent = "transaction.refunded"

var commerce = conversion.Table{
	"transaction.purchase": {Event: "purchase", Lane: decision.LaneBatch},
	"cart.added":           {Event: "add_to_cart", Lane: decision.LaneBatch},
	"product.viewed":       {Event: "view_item", Lane: decision.LaneBatch},
	"checkout.started":     {Event: "begin_checkout", Lane: decision.LaneBatch},
	"payment_info.added":   {Event: "add_payment_info", Lane: decision.LaneBatch},
	"user.signed_up":       {Event: "sign_up", Lane: decision.LaneBatch},
	"lead.submitted":       {Event: "generate_lead", Lane: decision.LaneBatch},
	"lead.qualified":       {Event: "qualify_lead", Lane: decision.LaneBatch},
	"lead.converted":       {Event: "close_convert_lead", Lane: decision.LaneBatch},
	"subscription.started": {Event: "subscribe", Lane: decision.LaneBatch},
	refundedEvent:          {Event: "purchase", Lane: decision.LaneBatch},
}

// TemplateEvent implements resource.Provider. A refund adjusts the purchase.
func (Provider) TemplateEvent(template, source string) (resource.Mapping, bool) {
	m, ok := commerce.Template(template, source)
	if ok && source == refundedEvent {
		m.Section = json.RawMessage(`{"adjust":true}`)
	}
	return m, ok
}
