package snapchat

import (
	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// user appends the identifiers, in a fixed order. Every hashed one is a list.
func (b *builder) user() {
	user := b.Object("user_data")
	b.Hashes("em", &emails)
	b.Hashes("ph", &phones)
	b.names()
	b.Hashes("ge", &gender)
	b.Hashes("ct", &cityName)
	b.Hashes("st", &stateName)
	code := &postalCode
	if b.dest.sectors {
		code = &sectorCode
	}
	b.Hashes("zp", code)
	b.Hashes("country", &countryName)
	b.Hashes("external_id", &externalIDs)
	b.IP("client_ip_address", addressWeight, false)
	b.UserAgent("client_user_agent", agentWeight)
	b.Click("sc_click_id", click.Sccid, clickWeight)
	b.browser()
	b.deviceIDs()
	b.Close(user)
}

func (b *builder) names() {
	first, last := &firstName, &lastName
	if b.dest.spaced {
		first, last = &spacedFirst, &spacedLast
	}
	b.Hashes("fn", first)
	b.Hashes("ln", last)
}

// browser appends the value of the pixel's cookie _scid.
func (b *builder) browser() {
	id, ok := b.BrowserID(click.Scid)
	switch {
	case !ok:
	case !browserForm(id):
		b.Drop(decision.KindBrowserID, decision.DropInvalid, event.Path("click.scid"), event.NoteInvalid)
	default:
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "sc_cookie1"), identity.Vouch(id))
		b.FoundBrowser(browserWeight)
	}
}

// maxBrowserID is longer than any value of the cookie, which is a UUID.
const maxBrowserID = 100

func browserForm(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
				return false
			}
		}
	}
	return s != "" && len(s) <= maxBrowserID
}

// deviceIDs appends the device's ids, which only app events carry. They are not
// hashed in version 3 of the API, as they were before.
func (b *builder) deviceIDs() {
	d := &b.Event.Device
	if b.action != mobileApp {
		if !d.AdvertisingID.IsZero() && b.May(decision.KindAdvertisingID, 0) {
			b.Dropped[decision.KindAdvertisingID] = decision.DropUnsupported
		}
		return
	}
	b.device = b.DeviceID(b.dest.deviceKey, deviceWeight, false)
	if d.VendorID.IsZero() || !b.MayTrack() {
		return
	}
	id := identity.Trim(d.VendorID.Reveal())
	if !uuid(id) {
		b.Drop(decision.KindAdvertisingID, decision.DropInvalid, event.Path("device.vendor_id"), event.NoteInvalid)
		return
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "idfv"), identity.Vouch(id))
	b.Found(decision.KindAdvertisingID, 0)
}

// uuid accepts the form of RFC 9562, but not the one of zeros.
func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	zero := true
	for i := range len(s) {
		c := s[i] | 0x20
		switch hyphen := i == 8 || i == 13 || i == 18 || i == 23; {
		case hyphen && s[i] != '-', !hyphen && (c < '0' || c > '9') && (c < 'a' || c > 'f'), !hyphen && s[i] < '0':
			return false
		case !hyphen && c != '0':
			zero = false
		}
	}
	return !zero
}

// sufficient is gate 6: Snapchat wants an e-mail address, a phone number, an
// advertising id, or IP address and user agent together. contextual_only changes
// nothing about it.
func (b *builder) sufficient() {
	network := b.Present.Has(decision.KindIP) && b.Present.Has(decision.KindUserAgent)
	switch {
	case b.Present.Has(decision.KindEmail) || b.Present.Has(decision.KindPhone) || b.device || network:
	case b.Present == 0:
		b.Insufficient(decision.IdentifiersNone, payload.Removed(b.Dropped[:], "no identifier is left"))
	default:
		b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "Snapchat needs an e-mail address, a phone number, an advertising id, or IP address and user agent"))
	}
}
