package webhook

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/payload"
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
	_, h, why := digest(nil, kind, raw, hints{fallback: phoneCountry, prehashed: resource.Prehashed{Phone: resource.PhoneDigits}})
	return h, why == ""
}

// hints are what is known besides a value.
type hints struct {
	own, fallback string // countries of national numbers, ISO 3166-1 alpha-2
	prehashed     resource.Prehashed
}

// digest is Normalise with reused memory; why says what is noted about a value
// that is no identifier, empty where it is one.
func digest(scratch []byte, kind decision.Kind, raw identity.Raw, in hints) (_ []byte, h identity.Hashed, why event.NoteCode) {
	s := identity.Trim(raw.Reveal())
	if identity.Placeholder(identity.AnyField, s) {
		return scratch, h, event.NotePlaceholder
	}
	if h, hashed := identity.ParseHashed(s); hashed {
		if h.OfPlaceholder(identity.AnyField) {
			return scratch, identity.Hashed{}, event.NotePlaceholder
		}
		if kind == decision.KindPhone && !payload.PhoneHashFits(in.prehashed.Phone, resource.PhoneDigits) ||
			kind == decision.KindEmail && !payload.EmailHashFits(in.prehashed.Email, resource.EmailPlain) {
			return scratch, identity.Hashed{}, event.NoteDigestForm
		}
		return scratch, h, ""
	}
	if kind != decision.KindExternalID && identity.OtherDigest(s) {
		return scratch, h, event.NoteOtherDigest
	}
	out, ok := scratch[:0], true
	switch kind {
	case decision.KindEmail:
		out, ok = email(out, s)
	case decision.KindPhone:
		var fault identity.PhoneFault
		if out, fault = identity.AppendE164(out, s, in.own, in.fallback); fault != identity.PhoneOK {
			return scratch[:0], h, payload.PhoneNote(fault)
		}
	default:
		out = append(out, s...)
	}
	if !ok || len(out) == 0 || identity.Garbled(out) {
		return out[:0], h, event.NoteInvalid
	}
	return out[:0], identity.Hash(out), ""
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
