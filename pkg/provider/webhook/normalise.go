package webhook

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Normalise brings one value of a hashed kind into the form that
// docs/providers/webhook.md tells receivers, and hashes it; false where no
// rule makes the value usable. A value of 64 hex digits was hashed before and
// is passed on. phoneCountry is the destination's default for phone numbers
// in national form, empty where it has none.
//
//   - email: white space around it removed, lower case, composed (NFC)
//   - phone: the digits of the number in E.164, without the plus sign
//   - external_id: white space around it removed
func Normalise(kind decision.Kind, raw identity.Raw, phoneCountry string) (identity.Hashed, bool) {
	_, h, ok := digest(nil, kind, raw, phoneCountry)
	return h, ok
}

// digest is Normalise with reused memory.
func digest(scratch []byte, kind decision.Kind, raw identity.Raw, phoneCountry string) ([]byte, identity.Hashed, bool) {
	s := identity.Trim(raw.Reveal())
	if s == "" {
		return scratch, identity.Hashed{}, false
	}
	if h, hashed := identity.ParseHashed(s); hashed {
		return scratch, h, !h.OfNothing()
	}
	out, ok := scratch[:0], true
	switch kind {
	case decision.KindEmail:
		out, ok = email(out, s)
	case decision.KindPhone:
		out, ok = phone(out, s, phoneCountry)
	default:
		out = append(out, s...)
	}
	if !ok || len(out) == 0 {
		return out[:0], identity.Hashed{}, false
	}
	return out[:0], identity.Hash(out), true
}

// email accepts one @ with something before it and a name with a dot behind
// it, and no white space. Dots and +tags stay: the receiver compares with the
// address as its owner wrote it.
func email(dst []byte, s string) ([]byte, bool) {
	if strings.ContainsFunc(s, identity.IsSpace) {
		return dst, false
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || strings.ContainsAny(domain, "@") || !strings.Contains(strings.Trim(domain, "."), ".") || strings.Contains(domain, "..") ||
		strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") {
		return dst, false
	}
	if identity.IsASCII(s) {
		return identity.AppendLower(dst, s), true
	}
	dst = identity.AppendLower(dst, string(identity.AppendNFC(nil, s)))
	return identity.ComposeTail(dst, 0), true
}

// The lengths of a phone number with its country code: E.164 has at most 15
// digits; fewer than 7 are a short code.
const minPhone, maxPhone = 7, 15

// phone takes a number in E.164 as it is, and reads any other as the numbering
// plans have it: 00 for +, (0), extensions, separators, other scripts' digits.
func phone(dst []byte, s, country string) ([]byte, bool) {
	if e164(s) {
		return append(dst, s[1:]...), true
	}
	region := country
	if region == "" {
		region = phonenumbers.UNKNOWN_REGION
	}
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + rest
	}
	number, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return dst, false
	}
	out := phonenumbers.Format(number, phonenumbers.E164)
	if !e164(out) {
		return dst, false
	}
	return append(dst, out[1:]...), true
}

func e164(s string) bool {
	if len(s) < 1+minPhone || len(s) > 1+maxPhone || s[0] != '+' || s[1] == '0' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
