package google

import (
	"encoding/base64"
	"encoding/hex"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// The fields that Normalise knows.
const (
	FieldEmail              = "email"
	FieldPhone              = "phone"
	FieldGivenName          = "given_name"
	FieldFamilyName         = "family_name"
	FieldRegionCode         = "region_code"
	FieldPostalCode         = "postal_code"
	FieldAddressLine        = "address_line"        // Google Analytics only
	FieldCity               = "city"                // Google Analytics only
	FieldAdministrativeArea = "administrative_area" // Google Analytics only
)

// Hints are what is known besides the value.
type Hints struct {
	// Country is where a phone number without a country code belongs to, ISO
	// 3166-1 alpha-2; anything else is no hint.
	Country string
}

// Normalised is a value in the form that Google matches.
type Normalised struct {
	// Text is the normalised value, zero where the input was hashed before.
	Text identity.Raw
	// Hash is its digest, zero for fields that Google takes in clear (region
	// code, postal code, city, administrative area).
	Hash identity.Hashed
}

// Normalise applies Google's rule for one field; false where the rule refuses
// the value. A value that is already a SHA-256 digest, in hex or padded base64,
// is taken as it is for the fields that are hashed; the digest of nothing and
// digests of other kinds are refused.
func Normalise(field string, raw identity.Raw, hints Hints) (Normalised, bool) {
	rule, hashed := ruleOf(field)
	if rule == nil {
		return Normalised{}, false
	}
	if hashed {
		if h, is := parseHashed(raw.Reveal()); is {
			return Normalised{Hash: h}, !h.IsZero()
		}
		if identity.OtherDigest(raw.Reveal()) {
			return Normalised{}, false
		}
	}
	var buf [128]byte
	text, ok := rule(buf[:0], raw.Reveal(), hints.Country)
	if !ok {
		return Normalised{}, false
	}
	n := Normalised{Text: identity.NewRaw(string(text))}
	if hashed {
		n.Hash = identity.Hash(text)
	}
	return n, true
}

// rule appends the normalised form of s to dst, which ends where the result
// begins; false where s has none.
type rule func(dst []byte, s, country string) ([]byte, bool)

func ruleOf(field string) (rule, bool) {
	switch field {
	case FieldEmail:
		return func(dst []byte, s, _ string) ([]byte, bool) { return appendEmail(dst, s) }, true
	case FieldPhone:
		return func(dst []byte, s, country string) ([]byte, bool) {
			out, fault := identity.AppendE164(append(dst, '+'), s, payload.Country(identity.NewRaw(country)), "")
			return out, fault == identity.PhoneOK
		}, true
	case FieldGivenName:
		return func(dst []byte, s, _ string) ([]byte, bool) { return appendGivenName(dst, s) }, true
	case FieldFamilyName:
		return func(dst []byte, s, _ string) ([]byte, bool) { return appendFamilyName(dst, s) }, true
	case FieldRegionCode:
		return func(dst []byte, s, _ string) ([]byte, bool) { return appendRegion(dst, s) }, false
	case FieldPostalCode:
		return func(dst []byte, s, _ string) ([]byte, bool) { return appendPostal(dst, s) }, false
	case FieldAddressLine:
		return func(dst []byte, s, _ string) ([]byte, bool) { return appendPlain(dst, s) }, true
	case FieldCity, FieldAdministrativeArea:
		return func(dst []byte, s, _ string) ([]byte, bool) { return appendPlain(dst, s) }, false
	}
	return nil, false
}

// parseHashed recognises a digest. The second result says that s is one; the
// digest itself is zero where it is that of an empty value, which Google
// refuses together with the whole request.
func parseHashed(s string) (identity.Hashed, bool) {
	if len(s) < 44 { // shorter than any form; nearly all
		return identity.Hashed{}, false
	}
	s = identity.Trim(s)
	h, ok := identity.ParseHashed(s)
	if !ok && len(s) == 44 && s[43] == '=' {
		var raw [33]byte
		n, err := base64.StdEncoding.Strict().Decode(raw[:], []byte(s))
		if err == nil && n == 32 {
			h, ok = identity.ParseHashed(hex.EncodeToString(raw[:32]))
		}
	}
	if ok && h.OfNothing() {
		return identity.Hashed{}, true
	}
	return h, ok
}

// appendEmail trims, lower-cases, wants exactly one @ with something on either
// side and no white space, and, for the two Gmail domains only, cuts the local
// part at its first plus and drops its dots. The domain is never rewritten.
func appendEmail(dst []byte, s string) ([]byte, bool) {
	start := len(dst)
	dst = appendComposedLower(dst, s)
	text := dst[start:]
	at := -1
	for i := 0; i < len(text); {
		if c := text[i]; c > ' ' && c < utf8.RuneSelf && c != '@' {
			i++ // nothing below asks about it
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == '@' && at >= 0, r == utf8.RuneError, identity.IsSpace(r):
			return dst[:start], false
		case r == '@':
			at = i
		}
		i += n
	}
	if at <= 0 || at == len(text)-1 {
		return dst[:start], false
	}
	if string(text[at+1:]) != "gmail.com" && string(text[at+1:]) != "googlemail.com" {
		return dst, true
	}
	kept := 0
	for _, c := range text[:at] {
		if c == '+' {
			break
		}
		if c != '.' {
			text[kept] = c
			kept++
		}
	}
	if kept == 0 {
		return dst[:start], false
	}
	kept += copy(text[kept:], text[at:])
	return dst[:start+kept], true
}

// appendRegion trims and upper-cases two letters. Google takes the form only;
// Build asks for a country that exists as well.
func appendRegion(dst []byte, s string) ([]byte, bool) {
	s = identity.Trim(s)
	if len(s) != 2 {
		return dst, false
	}
	for i := range 2 {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c < 'A' || c > 'Z' {
			return dst[:len(dst)-i], false
		}
		dst = append(dst, c)
	}
	return dst, true
}

// appendPostal only trims: postal codes leave in clear and in the country's
// own notation.
func appendPostal(dst []byte, s string) ([]byte, bool) {
	s = identity.Trim(s)
	return append(dst, s...), s != ""
}
