package x

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// How hashed values are normalised. X's page asks for addresses without white space
// around them; lower case is what other senders add. Dots and +tags stay.
var (
	emailForm = normal.EmailField(resource.EmailPlain)
	phoneForm = normal.PhoneField(resource.PhoneE164)
)

// Normalise gives what is sent for one value of a member, named as in requests. It
// is false where the rule refuses the value. country is that of telephone numbers in
// national form, ISO 3166-1 alpha-2, empty where it is not known.
func Normalise(member string, raw identity.Raw, country string) (string, bool) {
	s := identity.Trim(raw.Reveal())
	switch member {
	case "hashed_email":
		return digest(&emailForm, raw, country)
	case "hashed_phone_number":
		return digest(&phoneForm, raw, country)
	case "twclid":
		id, fault := click.Read(click.Twclid, s)
		return id.Value, fault == click.OK
	case "ip_address":
		addr, ok := identity.PublicIP(raw)
		if !ok || !addr.Is4() {
			return "", false
		}
		return addr.String(), true
	case "user_agent", "conversion_id":
		return s, !identity.Placeholder(identity.AnyField, s)
	case "event_id":
		return s, eventForm.MatchString(s)
	case "value":
		v, err := json.Number(s).Float64()
		if err != nil || !(v >= 0 && v <= maxAmount) {
			return "", false
		}
		return string(appendAmount(nil, v)), true
	case "content_price":
		v, err := json.Number(s).Float64()
		if err != nil || !(v >= 0 && v <= maxAmount) {
			return "", false
		}
		return string(jsonappend.Decimal(nil, v, decimals)), true
	case "price_currency":
		return identity.Currency(s)
	case "number_items", "num_items":
		n, err := strconv.ParseInt(s, 10, 64)
		return s, err == nil && n > 0 && n <= maxItems
	case "conversion_time":
		ms, err := strconv.ParseInt(s, 10, 64)
		return strings.Trim(string(jsonappend.Time(nil, ms)), `"`), err == nil
	}
	return "", false
}

func digest(form *normal.Field, raw identity.Raw, country string) (string, bool) {
	var h identity.Hashed
	hints := normal.Hints{PhoneCountry: country, Prehashed: resource.Prehashed{Phone: resource.PhoneE164}}
	if _, why := form.Digest(&h, nil, raw, &hints); why != "" {
		return "", false
	}
	return string(h.AppendHex(nil)), true
}
