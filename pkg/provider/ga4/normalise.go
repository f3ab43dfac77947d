package ga4

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/normal"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// clientID reads the id of a browser, also out of the cookie _ga: two positive numbers
// with a dot between them. Google takes any text, and reports no event of it.
func clientID(s string) (string, event.NoteCode) {
	id, fault := click.ClientID(s)
	if fault != click.OK {
		return "", payload.ClickNote(fault)
	}
	a, b, _ := strings.Cut(id, ".")
	if !click.PlainClientID(id) || strings.Trim(a, "0") == "" || strings.Trim(b, "0") == "" {
		return "", event.NoteInvalid
	}
	return id, ""
}

// appInstanceID reads the id that Firebase gives an installed app.
func appInstanceID(s string) (string, event.NoteCode) {
	if identity.Placeholder(identity.AnyField, s) {
		return "", event.NotePlaceholder
	}
	hex, ok := conversion.Hex32(s)
	if !ok || len(s) != len(hex) {
		return "", event.NoteInvalid
	}
	return string(hex[:]), ""
}

// sessionID reads the session, also out of the cookie of a data stream in the layouts
// that are known.
func sessionID(s string) (string, click.Fault) {
	s = identity.Trim(s)
	if strings.HasPrefix(s, "GS") && !strings.HasPrefix(s, "GS1.") && !strings.HasPrefix(s, "GS2.") {
		return "", click.Invalid
	}
	return click.SessionID(s)
}

// letters removes digits and signs, lower-cases and trims; white space inside stays.
// What is longer than a value may be is no name and no place.
func letters(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	return kept(dst, s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) })
}

// lettersAndDigits removes signs, lower-cases and trims.
func lettersAndDigits(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	return kept(dst, s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) })
}

func kept(dst []byte, s string, keep func(rune) bool) ([]byte, bool) {
	start := len(dst)
	for _, r := range s {
		if keep(r) || identity.IsSpace(r) {
			dst = utf8.AppendRune(dst, r)
		}
	}
	text := identity.Trim(string(dst[start:]))
	dst = identity.ComposeTail(identity.AppendLower(dst[:start], text), start)
	return dst, len(dst) > start && utf8.RuneCount(dst[start:]) <= maxValue
}

// postalCode removes . and ~ and trims; the code stays as the country writes it.
func postalCode(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	text := identity.Trim(strings.NewReplacer(".", "", "~", "").Replace(s))
	return append(dst, text...), text != "" && utf8.RuneCountInString(text) <= maxValue
}

// countryCode is ISO 3166-1 alpha-2 in upper case.
func countryCode(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	code, ok := normal.CountryCode(dst, s)
	return append(dst, code...), ok
}
