package pinterest

import (
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// gender gives f, m or n.
func gender(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	var word [16]byte
	if len(s) > len(word) {
		return dst, false
	}
	switch string(identity.AppendLower(word[:0], s)) {
	case "n", "non-binary", "nonbinary", "non binary", "non_binary", "neutral":
		return append(dst, 'n'), true
	}
	return normal.Gender(dst, s, h)
}

// birthDate reads year, month and day in this order, with or without one kind of
// separator. Another order is refused: nobody can tell 05/03 from 03/05.
func birthDate(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	layout := "20060102"
	if len(s) == len("2006-01-02") {
		switch s[4] {
		case '-', '/', '.':
			layout = "2006" + s[4:5] + "01" + s[4:5] + "02"
		}
	}
	t, err := time.Parse(layout, s)
	if err != nil || t.Year() < 1900 || h.Now > 0 && t.UnixMilli() > h.Now {
		return dst, false
	}
	return t.AppendFormat(dst, "20060102"), true
}

// city removes white space, punctuation and symbols; letters of every script and
// digits stay.
func city(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	start := len(dst)
	for _, r := range s {
		if !unicode.IsPunct(r) && !unicode.IsSymbol(r) && !identity.IsSpace(r) {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
	}
	dst = identity.ComposeTail(dst, start)
	return dst, len(dst) > start
}

// state takes a code of two letters; a longer name than those that have one is
// left out, because a cut name is another state.
func state(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	start := len(dst)
	dst, ok := normal.State(dst, s, h)
	return dst, ok && len(dst)-start == 2 && identity.IsASCII(string(dst[start:]))
}

func postalDigits(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	return postal(dst, s, h, false)
}

func postalLetters(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	return postal(dst, s, h, true)
}

// postal removes what is neither digit nor letter, and cuts a US ZIP code to
// five digits. Without letters, a code that has one is no code.
func postal(dst []byte, s string, h normal.Hints, letters bool) ([]byte, bool) {
	start := len(dst)
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			dst = append(dst, byte(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if !letters || r >= utf8.RuneSelf {
				return dst[:start], false
			}
			dst = append(dst, byte(unicode.ToLower(r)))
		}
	}
	const zip = 5
	if (h.Country == "US" || h.Country == "us") && len(dst)-start > zip {
		dst = dst[:start+zip]
	}
	return dst, len(dst)-start >= 2
}

// advertisingID takes a UUID, in lower case. All zeros is what a device gives
// whose owner opted out.
func advertisingID(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	if len(s) != 36 {
		return dst, false
	}
	start, zero := len(dst), true
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return dst[:start], false
		}
		zero = zero && (c == '0' || c == '-')
		dst = append(dst, c)
	}
	return dst, !zero
}
