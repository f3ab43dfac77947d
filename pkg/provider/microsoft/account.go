package microsoft

import (
	"regexp"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

// spec is spec.account.
type spec struct {
	TagID string `yaml:"tag_id" required:"true" rule:"tag_id" doc:"Id of the UET tag (Microsoft Advertising > Conversions > UET tags)."`
}

var accountSchema = document.Declare(spec{}, document.Options{Rules: map[string]document.Rule{
	"tag_id": {Form: regexp.MustCompile(`^[1-9][0-9]{3,18}$`), Must: "must be the number of a UET tag", Fix: "copy it from Conversions > UET tags"},
}})

// account is a compiled destination.
type account struct {
	tag          string
	phoneCountry string
	browserTag   *bool
}

// Open implements resource.Provider.
func (Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := provider.Findings{Resource: "Destination/" + d.ID}
	var s spec
	found.Read(accountSchema, d.Account, "spec.account", &s)
	conversion.NoSection(&found, Name, d.Section)
	a := &account{tag: s.TagID, browserTag: d.BrowserTag}
	a.phoneCountry = found.Defaults(d.Defaults)
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return a, found.List
}

// Fingerprint implements resource.Account.
func (a *account) Fingerprint() string { return Name + ":" + a.tag }

// Bounds implements resource.Bounded.
func (a *account) Bounds() resource.Bounds {
	b := resource.Bounds{MaxWaitMS: maxAge - ageMargin, Numbers: []string{"value"}, Texts: []string{"currency", "page_type"}}
	if a.browserTag == nil || *a.browserTag {
		b.MaxWaitMS, b.WaitFix = dedupWindow, "; browser_tag: false says that no browser reports the events too"
	}
	return b
}

// pageLoad is the provider event that reports a page and no conversion.
const pageLoad = "pageLoad"

// mapping is a compiled mapping.
type mapping struct {
	conversion.Mapping
	account  *account
	pageType string
}

var rules = conversion.MappingRules{
	Name: Name, Title: "Microsoft", MaxName: 100, Fields: []string{"page_type"}, Include: []string{"item_names", "search_term", "page_title"},
	ClickIDs: []string{"msclkid"},
}

// Map implements resource.Account. The key is the event's name, which the goal of
// the tag listens to, and which the browser's tag must use as well.
func (a *account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := provider.Findings{Resource: "Mapping/" + m.Name}
	c := &mapping{Mapping: conversion.ReadMapping(&found, m, rules), account: a, pageType: pageTypes[m.ProviderEvent]}
	return c, found.List
}

// Key implements resource.Target.
func (m *mapping) Key() string { return m.Name.Text() }

// pageTypes are Microsoft's kinds of pages by the names of the standard table.
var pageTypes = map[string]string{"purchase": "purchase", "add_to_cart": "cart", "view_item": "product", "search": "searchresults"}

// allPageTypes are the values that Microsoft takes.
var allPageTypes = map[string]bool{
	"cart": true, "category": true, "home": true, "other": true, "product": true, "purchase": true, "searchresults": true,
}

var commerce = conversion.Table{
	"transaction.purchase": {Event: "purchase", Lane: decision.LaneRealtime},
	"cart.added":           {Event: "add_to_cart", Lane: decision.LaneBatch},
	"product.viewed":       {Event: "view_item", Lane: decision.LaneBatch},
	"checkout.started":     {Event: "begin_checkout", Lane: decision.LaneBatch},
	"payment_info.added":   {Event: "add_payment_info", Lane: decision.LaneRealtime},
	"user.signed_up":       {Event: "sign_up", Lane: decision.LaneRealtime},
	"lead.submitted":       {Event: "generate_lead", Lane: decision.LaneRealtime},
	"lead.qualified":       {Event: "qualify_lead", Lane: decision.LaneRealtime},
	"lead.converted":       {Event: "close_convert_lead", Lane: decision.LaneRealtime},
	"subscription.started": {Event: "subscribe", Lane: decision.LaneRealtime},
	"transaction.refunded": {Event: resource.NoEvent, Lane: decision.LaneRealtime},
}

// TemplateEvent implements resource.Provider.
func (Provider) TemplateEvent(template, source string) (resource.Mapping, bool) {
	return commerce.Template(template, source)
}

// unsupported reports the row of an event that Microsoft has nothing for: refunds
// are offline conversions' business.
func (m *mapping) unsupported() bool { return m.Name == identity.Literal(resource.NoEvent) }
