package pinterest

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// builder is the state of one Build. It lives on the stack: nothing may keep a
// pointer to it.
type builder struct {
	conversion.Builder
	account *account
	mapping *mapping
	source  source
}

// source is Pinterest's action_source.
type source string

// The sources.
const (
	web     source = "web"
	ios     source = "app_ios"
	android source = "app_android"
	offline source = "offline"
)

// Build implements provider.Target.
func (m *mapping) Build(dst []byte, in *provider.Input) provider.Built {
	built := conversion.Base(dst, in, m.account.maxAge, futureTolerance)
	if in.Restricted && (in.Regime != consent.OptOut || in.Place.Location.Country != "US") {
		built.Restrictable = false // limited data processing is for US states only
		return built
	}
	b := builder{account: m.account, mapping: m}
	b.Begin(dst, in, conversion.Options{PhoneCountry: m.account.phoneCountry, URLs: m.urls})
	b.names()
	b.Money(conversion.Optional)
	b.Negative()
	b.event()
	b.limits(&built)
	b.End(&built)
	return built
}

// names checks that Pinterest takes this event under this name.
func (b *builder) names() {
	switch name := b.mapping.key; {
	case name == resource.NoEvent, b.Event.Name == refundedEvent && known(name):
		b.Refuse(decision.ProviderUnsupportedEvent, "Pinterest has no event that takes a purchase back")
	}
	switch b.Event.EffectiveSource() {
	case "":
		b.Refuse(decision.ProviderSourceMissing, "neither source nor page.url says where it happened")
	case event.SourceWeb:
		b.source = web
	case event.SourceApp:
		switch {
		case strings.EqualFold(b.Event.Device.Platform, "ios"):
			b.source = ios
		case strings.EqualFold(b.Event.Device.Platform, "android"):
			b.source = android
		default:
			b.Refuse(decision.ProviderAppDataMissing, "device.platform is neither ios nor android")
		}
	case event.SourceInStore, event.SourcePhone, event.SourceEmail, event.SourceChat, event.SourceSystem, event.SourceOther:
		b.source = offline
	default:
		b.Refuse(decision.ProviderFieldInvalid, "source is none of the known values")
	}
}

func known(name string) bool {
	for _, n := range eventNames {
		if n == name {
			return true
		}
	}
	return false
}

// event appends the event, all of it, in a fixed order.
func (b *builder) event() {
	b.Dst = append(b.Dst, '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_name"), b.mapping.name)
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "action_source"), identity.Vouch(string(b.source)))
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "event_time"), min(b.Event.Time, b.In.Now)/second)
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_id"), identity.Vouch(b.In.EventID))
	if b.source == web {
		b.page()
	}
	if b.account.partner != "" {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "partner_name"), identity.Vouch(b.account.partner))
	}
	b.optOut()
	b.userData()
	b.customData()
	if b.source == ios || b.source == android {
		b.app()
	}
	b.Dst = append(b.Dst, '}')
}

// page appends the page's URL, as far as it may leave.
func (b *builder) page() {
	raw := b.Event.Page.URL
	if raw == "" {
		return
	}
	if !b.URL("event_source_url", event.Path("page.url"), raw) {
		b.Notes.Add(event.Path("page.url"), event.NoteInvalid)
		return
	}
	if len(b.URLs.ClickIDs) > 0 && b.URLs.Mode == identity.URLFull {
		if _, has := identity.QueryValue(raw, clickParameter); has {
			b.Relies |= consent.AdStorage
		}
	}
}

// optOut says that somebody does not want to be tracked for advertising. Limited
// data processing, which a restricted event asks for, stands in custom_data; an
// explicit refusal is said beside it.
func (b *builder) optOut() {
	tracking := b.Event.Device.TrackingAuthorized
	switch {
	case b.source != web && b.source != offline && tracking.Set && !tracking.Value:
		// Of an app, opt_out is its device's switch.
		b.Dst = jsonappend.Bool(jsonappend.Key(b.Dst, "opt_out"), true)
	case b.In.Usable.Has(consent.AdPersonalization):
		// The bytes say nothing against personalisation, so they depend on it.
		b.Relies |= consent.AdPersonalization
	case !b.In.Restricted || b.In.Said.Denied.Has(consent.AdPersonalization):
		b.Dst = jsonappend.Bool(jsonappend.Key(b.Dst, "opt_out"), true)
	}
}

// app appends which app it was.
func (b *builder) app() {
	info := b.Object("app_info")
	b.appText("app_id", "device.app_id", b.Event.Device.AppID)
	b.appText("app_version", "device.app_version", b.Event.Device.AppVersion)
	b.Close(info)
}

func (b *builder) appText(key, path, s string) {
	switch {
	case s == "":
	case identity.Placeholder(identity.AnyField, s):
		b.Notes.Add(event.Path(path), event.NotePlaceholder)
	case !payload.DeviceText(s):
		b.Refused(event.Path(path))
	default:
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, key), identity.Vouch(s))
	}
}

// limits sets what the recheckable gates and the sender hold the event against.
func (b *builder) limits(built *provider.Built) {
	if b.source == offline {
		// Pinterest cannot tell a second copy of an offline event, so these share no
		// request with others and are not sent again where the outcome is not known.
		built.Group, built.ResendUnsafe = string(offline), true
		return
	}
	tag := b.In.Route.Destination.BrowserTag
	switch reported := b.Event.BrowserReported; {
	case reported.Set && reported.Value, !reported.Set && b.source == web && tag != nil && *tag:
		built.DedupUntil = b.Event.Time + dedupWindow
	case !reported.Set && b.source == web && tag == nil:
		built.DedupRisk = true
	}
}
