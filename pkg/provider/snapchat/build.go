package snapchat

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// builder is the state of one Build. It lives on the stack: nothing below may
// store a pointer to it.
type builder struct {
	conversion.Builder
	dest    *destination
	mapping *mapping
	action  string
	device  bool // the advertising id is in the payload
}

// The action sources.
const (
	web       = "WEB"
	mobileApp = "MOBILE_APP"
	offline   = "OFFLINE"
)

// Build implements provider.Target.
func (m *mapping) Build(dst []byte, in *provider.Input) provider.Built {
	d := m.account
	b := builder{dest: d, mapping: m}
	b.Begin(dst, in, conversion.Options{PhoneCountry: d.phoneCountry, URLs: m.urls})
	b.source()
	age := maxAge
	if b.action == offline {
		age = maxAgeOffline
	}
	built := conversion.Base(dst, in, age-ageMargin, futureTolerance)
	if in.Restricted && !b.restrictable() {
		built.Restrictable = false
		return built
	}
	b.limits(&built)
	b.event()
	b.End(&built)
	return built
}

// source tells where the event happened, in Snapchat's words, and refuses what
// belongs to another kind of asset.
func (b *builder) source() {
	switch source := b.Event.EffectiveSource(); source {
	case event.SourceWeb:
		b.action = web
	case event.SourceApp:
		b.action = mobileApp
	case event.SourceInStore, event.SourcePhone, event.SourceEmail, event.SourceChat, event.SourceSystem, event.SourceOther:
		b.action = offline
	case "":
		b.Refuse(decision.ProviderSourceMissing, "neither source nor page.url says where it happened")
		return
	default:
		b.Refuse(decision.ProviderFieldInvalid, "source is none of the known values")
		return
	}
	switch {
	case b.dest.app && b.action != mobileApp:
		b.Refuse(decision.ProviderFieldInvalid, "account.snap_app_id takes app events only")
	case !b.dest.app && b.action == mobileApp:
		b.Refuse(decision.ProviderFieldInvalid, "account.pixel_id takes no app events; they need a destination with account.snap_app_id")
	}
}

// restrictable reports that a reduced form can be asked for: the destination has
// chosen its word, and it is a web event of the United States.
func (b *builder) restrictable() bool {
	return b.dest.restricted != "" && b.action == web && b.In.Regime == consent.OptOut && b.In.Place.Location.Country == unitedStates
}

// limits sets until when a pixel's copy is recognised: by its id, and a purchase
// by its order as well.
func (b *builder) limits(built *provider.Built) {
	if b.action != web {
		return
	}
	tag := b.In.Route.Destination.BrowserTag
	switch reported := b.Event.BrowserReported; {
	case reported.Set && reported.Value, !reported.Set && tag != nil && *tag:
		built.DedupUntil = b.Event.Time + dedupWindow
		if b.mapping.name.Text() == purchase && built.TransactionID != "" {
			built.DedupUntil = b.Event.Time + orderWindow
		}
	case !reported.Set && tag == nil:
		built.DedupRisk = true
	}
}

// event appends the event, all of it, in a fixed order.
func (b *builder) event() {
	name := b.mapping.name.Text()
	if name == resource.NoEvent || b.Event.Name == refundedEvent && name == purchase {
		b.Refuse(decision.ProviderUnsupportedEvent, "Snapchat has no event for it")
	}
	need := conversion.Optional
	if name == purchase {
		need = conversion.Required
	}
	b.Money(need)
	b.Negative()
	b.Dst = append(b.Dst, '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_name"), b.mapping.name)
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "event_time"), min(b.Event.Time, b.In.Now)/second)
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_id"), identity.Vouch(b.In.EventID))
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "action_source"), identity.Vouch(b.action))
	b.page()
	b.user()
	b.sufficient()
	if b.action == mobileApp {
		b.appData()
	}
	b.options()
	b.custom()
	b.Dst = append(b.Dst, '}')
}

// page appends the page's URL as far as it may leave. An app event may have none.
func (b *builder) page() {
	raw := b.Event.Page.URL
	switch {
	case b.action == offline:
	case raw == "" && b.action == web:
		b.Refuse(decision.ProviderURLMissing, "page.url")
	case raw == "":
	case !b.URL("event_source_url", event.Path("page.url"), raw):
		if b.action == web {
			b.Refuse(decision.ProviderFieldInvalid, "page.url is no http or https URL")
			return
		}
		b.Notes.Add(event.Path("page.url"), event.NoteInvalid)
	case len(b.URLs.ClickIDs) > 0 && b.URLs.Mode == identity.URLFull:
		for _, name := range clickParameters {
			if _, has := identity.QueryValue(raw, name); has {
				b.Relies |= consent.AdStorage
			}
		}
	}
}

// The codes of the country and state of LDU: the United States, California, and a
// state that is not told.
const lduCountry, lduCalifornia, lduAnyState = 1, 1000, 0

// options appends the mark of a restricted event.
func (b *builder) options() {
	if !b.In.Restricted {
		return
	}
	b.Dst = append(jsonappend.Key(b.Dst, "data_processing_options"), '[')
	b.Dst = append(jsonappend.String(b.Dst, identity.Vouch(b.dest.restricted)), ']')
	if b.dest.restricted != ldu {
		return
	}
	state := int64(lduAnyState)
	if b.In.Place.Location.Region == "CA" {
		state = lduCalifornia
	}
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "data_processing_options_country"), lduCountry)
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "data_processing_options_state"), state)
}
