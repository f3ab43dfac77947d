package tiktok

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
	adID    bool // the advertising id is in the payload
}

// Build implements provider.Target.
func (m *mapping) Build(dst []byte, in *provider.Input) provider.Built {
	d := m.account
	built := conversion.Base(dst, in, d.maxAge-ageMargin, futureTolerance)
	b := builder{dest: d, mapping: m}
	b.Begin(dst, in, conversion.Options{PhoneCountry: d.phoneCountry, URLs: m.urls})
	if in.Restricted && !b.restrictable() {
		built.Restrictable = false
		return built
	}
	b.limits(&built)
	b.event()
	b.End(&built)
	return built
}

// restrictable reports that limited data use can be asked for: it has effect only
// in the United States, for web and app events, and goes by the IP address.
func (b *builder) restrictable() bool {
	if b.In.Regime != consent.OptOut || b.In.Place.Location.Country != unitedStates || b.dest.source != web && b.dest.source != app {
		return false
	}
	_, ok := b.Address()
	return ok
}

// limits sets what depends on how TikTok recognises a second copy: by event source,
// event name and event_id, for 48 hours, also between two of ours.
func (b *builder) limits(built *provider.Built) {
	if b.dest.source == app && !b.dest.appEventIDs {
		// Nothing tells a second copy from another action.
		built.ResendUnsafe = true
		return
	}
	if b.dest.source != web {
		return
	}
	tag := b.In.Route.Destination.BrowserTag
	switch reported := b.Event.BrowserReported; {
	case reported.Set && reported.Value, !reported.Set && tag != nil && *tag:
		built.DedupUntil = b.Event.Time + dedupWindow
	case !reported.Set && tag == nil:
		built.DedupRisk = true
	}
}

// event appends the event, all of it, in a fixed order.
func (b *builder) event() {
	name := b.mapping.name.Text()
	if name == resource.NoEvent || b.Event.Name == refundedEvent && b.dest.known(name) {
		b.Refuse(decision.ProviderUnsupportedEvent, "TikTok has no event for it")
	}
	b.money()
	b.Dst = append(b.Dst, '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event"), b.mapping.name)
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "event_time"), min(b.Event.Time, b.In.Now)/second)
	if b.dest.source != app || b.dest.appEventIDs {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_id"), identity.Vouch(b.In.EventID))
	}
	b.user()
	switch b.dest.source {
	case web:
		b.page()
	case app:
		b.app()
	case crm:
		b.lead()
	}
	b.Sufficient(b.weak())
	if b.In.Restricted {
		b.Dst = jsonappend.Bool(jsonappend.Key(b.Dst, "limited_data_use"), true)
	}
	b.propertiesObject()
	b.Dst = append(b.Dst, '}')
}

// page appends the page's and the referrer's URL, as far as they may leave.
func (b *builder) page() {
	page := b.Object("page")
	raw := b.Event.Page.URL
	if raw == "" {
		b.Refuse(decision.ProviderURLMissing, "page.url")
	} else if !b.url("url", "page.url", raw) {
		b.Refuse(decision.ProviderFieldInvalid, "page.url is no http or https URL")
	}
	if referrer := b.Event.Page.Referrer; referrer != "" && !b.url("referrer", "page.referrer", referrer) {
		b.Notes.Add(event.Path("page.referrer"), event.NoteInvalid)
	}
	b.Close(page)
}

func (b *builder) url(key, path, raw string) bool {
	if !b.URL(key, event.Path(path), raw) {
		return false
	}
	if len(b.URLs.ClickIDs) > 0 && b.URLs.Mode == identity.URLFull {
		if _, has := identity.QueryValue(raw, clickParameter); has {
			b.Relies |= consent.AdStorage
		}
	}
	return true
}

// app appends which app it was: its store id or package name.
func (b *builder) app() {
	app := b.Object("app")
	b.ID("app_id", event.Path("device.app_id"), b.Event.Device.AppID)
	if !b.Close(app) {
		b.Refuse(decision.ProviderAppDataMissing, "device.app_id")
	}
}
