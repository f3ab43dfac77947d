package snapchat

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// appData appends app_data, which app events need: which app on which system, and
// whether its user authorised tracking. Who does not say counts as one who did not.
func (b *builder) appData() {
	d := &b.Event.Device
	format := ""
	switch {
	case strings.EqualFold(d.Platform, "ios"):
		format = "i2"
	case strings.EqualFold(d.Platform, "android"):
		format = "a2"
	default:
		b.Refuse(decision.ProviderAppDataMissing, "device.platform is neither ios nor android")
		return
	}
	app := b.Object("app_data")
	b.ID("app_id", event.Path("device.app_id"), d.AppID)
	if !b.Close(app) {
		b.Refuse(decision.ProviderAppDataMissing, "device.app_id")
		return
	}
	b.Dst = b.Dst[:len(b.Dst)-1] // the object goes on
	if !d.TrackingAuthorized.Set {
		b.Notes.Add(event.Path("device.tracking_authorized"), event.NoteAssumed)
	}
	tracking := int64(0)
	if d.TrackingAuthorized.Set && d.TrackingAuthorized.Value {
		tracking = 1
	}
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "advertiser_tracking_enabled"), tracking)
	b.Dst = append(jsonappend.Key(b.Dst, "extinfo"), '[')
	b.extinfo(format)
	b.Dst = append(b.Dst, `]}`...)
}

// extinfo appends the sixteen strings, in the order that Snapchat took over from
// Meta; an empty one stands for what is missing.
func (b *builder) extinfo(format string) {
	d := &b.Event.Device
	zone, abbreviation := d.Timezone, ""
	if zone != "" && len(zone) <= 5 && !strings.Contains(zone, "/") {
		abbreviation = zone
	}
	for _, s := range [...]string{format, d.AppID, d.AppVersion, d.AppBuild, d.OSVersion, d.Model, d.Language, abbreviation, d.Carrier} {
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

// deviceText appends one element; what looks personal, such as a model named after
// its owner's address, is left empty.
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
