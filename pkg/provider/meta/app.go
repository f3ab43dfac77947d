package meta

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// appData appends app_data, which Meta requires of app events. The tracking
// flag is never assumed: an event that does not say whether its user authorised
// tracking is refused. The app's own switch counts as off where it is not told.
func (b *builder) appData() {
	d := &b.ev.Device
	format := ""
	switch {
	case strings.EqualFold(d.Platform, "ios"):
		format = "i2"
	case strings.EqualFold(d.Platform, "android"):
		format = "a2"
	}
	if missing := appMissing(format, d); missing != "" {
		b.Refuse(decision.ProviderAppDataMissing, missing)
		return
	}
	if !d.AppTrackingEnabled.Set {
		b.Notes.Add(event.Path("device.app_tracking_enabled"), event.NoteAssumed)
	}
	b.Dst = append(jsonappend.Key(b.Dst, "app_data"), '{')
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "advertiser_tracking_enabled"), flag(d.TrackingAuthorized))
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "application_tracking_enabled"), flag(d.AppTrackingEnabled))
	b.Dst = append(jsonappend.Key(b.Dst, "extinfo"), '[')
	b.extinfo(format, d)
	b.Dst = append(b.Dst, ']')
	b.vendorID(d)
	b.Dst = append(b.Dst, '}')
}

// appMissing names every member that Meta requires of an app event and that is not
// there, empty where all are.
func appMissing(format string, d *event.Device) string {
	var missing []string
	switch {
	case d.Platform == "":
		missing = append(missing, "device.platform is missing")
	case format == "":
		missing = append(missing, "device.platform is neither ios nor android")
	}
	switch {
	case identity.Placeholder(identity.AnyField, d.OSVersion) || !payload.Visible(d.OSVersion):
		missing = append(missing, "device.os_version is missing")
	case !payload.DeviceText(d.OSVersion):
		missing = append(missing, "device.os_version looks like personal data")
	}
	if !d.TrackingAuthorized.Set {
		missing = append(missing, "device.tracking_authorized is missing")
	}
	return strings.Join(missing, ", ")
}

func flag(v event.Opt[bool]) int64 {
	if v.Set && v.Value {
		return 1
	}
	return 0
}

// extinfo appends the sixteen strings; an empty one stands for what is missing.
func (b *builder) extinfo(format string, d *event.Device) {
	zone, abbreviation := d.Timezone, ""
	if zone != "" && len(zone) <= 5 && !strings.Contains(zone, "/") {
		abbreviation = zone
	}
	for _, s := range [...]string{
		format, d.AppID, d.AppVersion, d.AppBuild, d.OSVersion, d.Model, d.Language, abbreviation, d.Carrier,
	} {
		b.deviceText(s)
	}
	b.whole(d.ScreenWidth)
	b.whole(d.ScreenHeight)
	b.fraction(d.ScreenDensity)
	b.whole(d.CPUCores)
	b.fraction(d.StorageGB)
	b.fraction(d.StorageFreeGB)
	b.deviceText(zone)
}

// deviceText appends one element; what looks personal, such as a model named
// after its owner's address, is left empty. Versions have the form of phone
// numbers.
func (b *builder) deviceText(s string) {
	if !payload.DeviceText(s) {
		b.Unsafe++
		s = ""
	}
	b.Dst = jsonappend.String(jsonappend.Comma(b.Dst), identity.Vouch(s))
}

func (b *builder) whole(v event.Opt[int64]) {
	b.Dst = append(jsonappend.Comma(b.Dst), '"')
	if v.Set {
		b.Dst = strconv.AppendInt(b.Dst, v.Value, 10)
	}
	b.Dst = append(b.Dst, '"')
}

func (b *builder) fraction(v event.Opt[float64]) {
	b.Dst = append(jsonappend.Comma(b.Dst), '"')
	if v.Set && jsonappend.Finite(v.Value) {
		b.Dst = jsonappend.Decimal(b.Dst, v.Value, 2)
	}
	b.Dst = append(b.Dst, '"')
}

// vendorID appends the vendor's id of the device where the advertising id might
// leave too.
func (b *builder) vendorID(d *event.Device) {
	if d.VendorID.IsZero() || !b.in.Route.Kinds.Has(decision.KindAdvertisingID) || trackingRefused(b.ev) {
		return
	}
	at := len(b.Dst)
	b.Dst = jsonappend.Key(b.Dst, "vendor_id")
	if !b.deviceID(identity.Trim(d.VendorID.Reveal())) {
		b.Dst = b.Dst[:at]
		b.drop(decision.KindAdvertisingID, decision.DropInvalid)
		return
	}
	b.Present = b.Present.With(decision.KindAdvertisingID)
}
