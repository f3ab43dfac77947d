package linkedin

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// How values are normalised; names are in userInfo. Sources: LinkedIn's page of
// version 202608 (e-mail), ShwareHQ/shware-sdk for 202609 (names, external ids).
var (
	emailForm    = normal.EmailField(resource.EmailNoSpace)
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
