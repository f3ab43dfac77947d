package google

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// systems are the platforms of apps, as Google Analytics writes them.
var systems = [...]struct{ platform, name string }{{"ios", "iOS"}, {"android", "Android"}}

// maxScreen is more pixels than a screen has; beyond it a number is no size.
const maxScreen = 100_000

// appendModel describes the device for Google Analytics' reports. It says as
// much about a person as the user agent does, and leaves only with it.
func (b *build) appendModel(dst []byte) []byte {
	if b.signals.userAgent.IsZero() {
		return dst
	}
	d := &b.e.Device
	if tag := languageTag(d.Language); tag != "" {
		dst = jsonappend.String(jsonappend.Key(dst, "languageCode"), identity.Vouch(tag))
	}
	if w, h := d.ScreenWidth, d.ScreenHeight; w.Set && h.Set && min(w.Value, h.Value) > 0 && max(w.Value, h.Value) <= maxScreen {
		dst = jsonappend.Int(jsonappend.Key(dst, "screenHeight"), h.Value)
		dst = jsonappend.Int(jsonappend.Key(dst, "screenWidth"), w.Value)
	}
	for _, s := range systems {
		if strings.EqualFold(d.Platform, s.platform) {
			dst = appendSetting(dst, "operatingSystem", s.name)
		}
	}
	dst = b.appendDeviceText(dst, "operatingSystemVersion", d.OSVersion)
	return b.appendDeviceText(dst, "model", d.Model)
}

// appendDeviceText appends a version or model; what looks personal, such as a
// model named after its owner's address, stays here. Versions have the form of
// phone numbers.
func (b *build) appendDeviceText(dst []byte, key, s string) []byte {
	if !payload.DeviceText(s) {
		b.refused(event.Member("device", key))
		return dst
	}
	return appendSetting(dst, key, identity.Trim(s))
}

// languageTag takes the first language of de_DE or de-DE,de;q=0.9; empty where
// there is none.
func languageTag(s string) string {
	if i := strings.IndexAny(s, ",;"); i >= 0 {
		s = s[:i]
	}
	s = strings.ReplaceAll(identity.Trim(s), "_", "-")
	letters := 0
	for i := range len(s) {
		switch c := s[i] | 0x20; {
		case c >= 'a' && c <= 'z':
			letters++
		case s[i] == '-' && letters >= 2, s[i] >= '0' && s[i] <= '9' && letters >= 2:
		default:
			return ""
		}
	}
	if letters < 2 || len(s) > 16 {
		return ""
	}
	return s
}

// engagement is what Google Analytics wants to hear before it counts a session
// as engaged with; without it the event is missing from reports of sessions.
const engagement = "engagement_time_msec"

// appendSessionParameters appends the session, without which events show up as
// direct traffic. How long somebody was engaged is the producer's to say; a
// millisecond says no more than that somebody was there.
func (b *build) appendSessionParameters(dst []byte) []byte {
	v := b.signals.visit
	if v.IsZero() {
		return dst
	}
	dst = b.appendVouched(dst, "session_id", v)
	if b.mapped(engagement) {
		return dst
	}
	return b.appendVouched(dst, engagement, identity.Literal("1"))
}

// mapped reports whether the mapping computes or names a parameter itself.
func (b *build) mapped(name string) bool {
	_, computed := b.field(name)
	return computed || slices.Contains(b.in.Route.Mapping.Properties, name)
}

// appendMoneyParameters appends the amounts that have no member of their own.
func (b *build) appendMoneyParameters(dst []byte) []byte {
	if b.money.currency == "" {
		return dst // an amount of no currency is none
	}
	c := &b.e.Commerce
	for _, p := range [...]struct {
		name  string
		value float64
		set   bool
	}{{"tax", c.Tax.Value, c.Tax.Set}, {"shipping", c.Shipping.Value, c.Shipping.Set}} {
		if !p.set || !jsonappend.Finite(p.value) || b.mapped(p.name) {
			continue
		}
		b.buf = jsonappend.Decimal(b.buf[:0], p.value, 6)
		dst = append(jsonappend.Comma(dst), '{')
		dst = jsonappend.String(jsonappend.Key(dst, "parameterName"), identity.Vouch(p.name))
		dst = append(jsonappend.Bytes(jsonappend.Key(dst, "value"), identity.VouchBytes(b.buf)), '}')
	}
	return dst
}

// appendStore names the store of a store sale.
func (b *build) appendStore(dst []byte) []byte {
	if b.t.action.kind != kindStore || b.e.Commerce.StoreID == "" {
		return dst
	}
	path := event.Path("commerce.store_id")
	if identity.Placeholder(identity.AnyField, b.e.Commerce.StoreID) {
		b.notes.Add(path, event.NotePlaceholder)
		return dst
	}
	id, ok := identity.CleanID(b.e.Commerce.StoreID)
	if !ok {
		b.refused(path)
		return dst
	}
	dst = append(jsonappend.Key(dst, "eventLocation"), '{')
	return append(jsonappend.String(jsonappend.Key(dst, "storeId"), id), '}')
}
