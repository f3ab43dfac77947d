package linkedin

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// How hashed values are normalised. Sources: LinkedIn's page of version 202608
// (e-mail), ShwareHQ/shware-sdk for 202609 (names, external ids).
var (
	emailForm    = normal.EmailField(resource.EmailNoSpace)
	firstForm    = normal.TextField(identity.GivenName, hashedName)
	lastForm     = normal.TextField(identity.FamilyName, hashedName)
	externalForm = normal.IDField(clearText)
)

// hashedName lower-cases and removes white space and punctuation, that of every
// script. Letters outside ASCII stay: LinkedIn says nothing about them.
func hashedName(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	if !identity.IsASCII(s) {
		s = strings.Map(func(r rune) rune {
			if unicode.IsPunct(r) {
				return -1
			}
			return r
		}, s)
	}
	return normal.Name(dst, s, h)
}

// maxClear bounds what leaves unhashed, in bytes: no name and no id is longer.
const maxClear = 512

func oneLine(s string) bool { return len(s) <= maxClear && !strings.ContainsFunc(s, unicode.IsControl) }

// clearText is for what leaves unhashed, as it is: one line of text.
func clearText(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	return append(dst, s...), oneLine(s)
}

// countryCode gives two capital letters.
func countryCode(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	code, ok := geo.Country(s)
	return append(dst, code...), ok
}

var uuidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)

// uuid accepts a UUID that is not zero.
func uuid(s string) bool { return uuidForm.MatchString(s) && strings.Trim(s, "0-") != "" }

// maxAcxiom is longer than any id of Acxiom's.
const maxAcxiom = 256

// acxiom accepts one word that stands for something.
func acxiom(raw identity.Raw) (string, bool) {
	s := identity.Trim(raw.Reveal())
	if identity.Placeholder(identity.AnyField, s) || len(s) > maxAcxiom {
		return "", false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7F {
			return "", false
		}
	}
	return s, true
}

// Normalise gives what is sent for one value of a member, named as in requests,
// where the destination lets it out: SHA256_EMAIL, hashedFirstName,
// hashedLastName, SHA256_IP_ADDRESS (hex digests), the other types of identifiers,
// the members of userInfo, user.lead, externalIds[0], conversion,
// conversionValue.amount and conversionValue.currencyCode. It is false where the
// rule refuses the value.
func Normalise(member string, raw identity.Raw) (string, bool) {
	s := identity.Trim(raw.Reveal())
	switch member {
	case "SHA256_EMAIL":
		return digest(&emailForm, raw)
	case "hashedFirstName":
		return digest(&firstForm, raw)
	case "hashedLastName":
		return digest(&lastForm, raw)
	case "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID":
		return s, uuid(s)
	case "GOOGLE_AID":
		return strings.ToLower(s), uuid(s)
	case "ACXIOM_ID":
		return acxiom(raw)
	case "PLAINTEXT_IP_ADDRESS", "SHA256_IP_ADDRESS":
		return address(member, raw)
	case "userInfo.countryCode":
		return geo.Country(s)
	case "user.lead":
		return s, leadForm.MatchString(s)
	case "userInfo.firstName", "userInfo.lastName", "userInfo.title", "userInfo.companyName", "externalIds[0]":
		text, ok := clearText(nil, s, normal.Hints{})
		return string(text), ok && !identity.Placeholder(wordsOf[member], s)
	case "conversion":
		return rulePrefix + s, ruleForm.MatchString(s)
	case "conversionValue.amount":
		v, err := json.Number(s).Float64()
		if err != nil || !(v >= 0 && v <= maxAmount) {
			return "", false
		}
		return string(jsonappend.Decimal(nil, v, decimals)), true
	case "conversionValue.currencyCode":
		return identity.Currency(s)
	}
	return "", false
}

// wordsOf are the members in which some words for nothing are names.
var wordsOf = map[string]identity.Field{"userInfo.firstName": identity.GivenName, "userInfo.lastName": identity.FamilyName}

func digest(form *normal.Field, raw identity.Raw) (string, bool) {
	var h identity.Hashed
	if _, why := form.Digest(&h, nil, raw, &normal.Hints{}); why != "" {
		return "", false
	}
	return string(h.AppendHex(nil)), true
}

func address(member string, raw identity.Raw) (string, bool) {
	addr, ok := identity.PublicIP(raw)
	if !ok || !addr.Is4() {
		return "", false
	}
	if member == "PLAINTEXT_IP_ADDRESS" {
		return addr.String(), true
	}
	h := identity.Hash([]byte(addr.String()))
	return string(h.AppendHex(nil)), true
}
