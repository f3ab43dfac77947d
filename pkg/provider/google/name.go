package google

import (
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// titles are what may precede a given name; the dot is part of them.
var titles = [...]string{"mr.", "mrs.", "ms.", "dr."}

// suffixes are what may follow a family name, without the dot of jr. and sr.
var suffixes = [...]string{
	"jr", "jr.", "sr", "sr.", "2nd", "3rd", "ii", "iii", "iv", "v", "vi", "cpa", "dc", "dds", "vm", "jd", "md", "phd",
}

// appendComposedLower trims and lower-cases in Unicode's composed form. Google
// matches composed and decomposed letters by one digest (google-ads-php 1167).
func appendComposedLower(dst []byte, s string) []byte {
	s = identity.Trim(s)
	if !identity.IsComposed(s) {
		s = string(identity.AppendNFC(nil, s))
	}
	start := len(dst)
	return identity.ComposeTail(identity.AppendLower(dst, s), start)
}

// appendGivenName trims, lower-cases and removes one title in front. Google's
// Java, .NET and PHP libraries also remove a title behind the name; Node, the
// newest, does not.
func appendGivenName(dst []byte, s string) ([]byte, bool) {
	start := len(dst)
	dst = appendComposedLower(dst, s)
	for _, title := range titles {
		name := dst[start:]
		if len(name) < len(title) || string(name[:len(title)]) != title {
			continue
		}
		rest := name[len(title):]
		if r, _ := utf8.DecodeRune(rest); len(rest) == 0 || identity.IsSpace(r) {
			dst = dst[:start+copy(name, trimLeft(rest))]
			break
		}
	}
	return keepName(dst, start)
}

// appendFamilyName trims, lower-cases and removes suffixes behind a comma or
// white space, as many as there are. Hyphens and apostrophes stay.
func appendFamilyName(dst []byte, s string) ([]byte, bool) {
	start := len(dst)
	dst = appendComposedLower(dst, s)
	for n := len(dst); ; n = len(dst) {
		dst = dst[:start+withoutSuffix(dst[start:])]
		if len(dst) == n {
			return keepName(dst, start)
		}
	}
}

// withoutSuffix gives the length of name without one trailing suffix and what
// separates it; the whole length where there is none.
func withoutSuffix(name []byte) int {
	for _, suffix := range suffixes {
		n := len(name) - len(suffix)
		if n <= 0 || name[len(name)-1] != suffix[len(suffix)-1] || string(name[n:]) != suffix {
			continue
		}
		bare := trimRight(name[:n])
		if k := len(bare); k > 0 && bare[k-1] == ',' {
			return len(trimRight(bare[:k-1]))
		}
		if len(bare) < n {
			return len(bare)
		}
	}
	return len(name)
}

// keepName refuses an empty name and one that was not UTF-8, whose digest
// would match nobody.
func keepName(dst []byte, start int) ([]byte, bool) {
	for i := start; i < len(dst); {
		r, n := utf8.DecodeRune(dst[i:])
		if r == utf8.RuneError {
			return dst[:start], false
		}
		i += n
	}
	return dst, len(dst) > start
}

func trimLeft(b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if !identity.IsSpace(r) {
			break
		}
		b = b[n:]
	}
	return b
}

func trimRight(b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeLastRune(b)
		if !identity.IsSpace(r) {
			break
		}
		b = b[:len(b)-n]
	}
	return b
}

// appendPlain lower-cases, removes everything but letters, marks, digits and
// white space, and trims: the rule for the address fields of Google Analytics.
func appendPlain(dst []byte, s string) ([]byte, bool) {
	start := len(dst)
	dst = appendComposedLower(dst, s)
	kept := start
	for i := start; i < len(dst); {
		r, n := utf8.DecodeRune(dst[i:])
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || identity.IsSpace(r) {
			kept += copy(dst[kept:], dst[i:i+n])
		}
		i += n
	}
	rest := trimLeft(trimRight(dst[start:kept]))
	// Where a sign is gone, the mark behind it stands on the letter before.
	dst = identity.ComposeTail(dst[:start+copy(dst[start:], rest)], start)
	return dst, len(dst) > start
}
