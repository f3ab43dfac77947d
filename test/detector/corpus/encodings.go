package corpus

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// encoding is a way to write a value so that a search for it finds nothing.
type encoding struct {
	name  string
	of    []kind
	write func(string) string
}

// hidden are few plain rows, for every encoding multiplies them.
var (
	mails   = kind{name: "e-mail", rows: func() []string { return plainEmails }}
	numbers = kind{name: "phone", rows: func() []string { return plainPhones }}
	plastic = kind{name: "card", rows: func() []string { return everyNth(cards(), 3) }}
	all     = []kind{mails, numbers, plastic}
	digital = []kind{numbers, plastic}
)

var plainEmails = strings.Fields(`canary.jane@mail.example jane@example.com j.doe@shop.example max-mustermann@firma.de maria_garcia@correo.es
	jane+tag@gmail.com info@sub.domain.example.org 4711@kunden.example anna@web.de lee@naver.example`)

var plainPhones = strings.Fields("+4915123456789 +16502530000 +442079460958 +33612345678 +34612345678 +393123456789 +31612345678 +41781234567 +61412345678 +5511961234567")

func everyNth(list []string, n int) []string {
	var some []string
	for i := 0; i < len(list); i += n {
		some = append(some, list[i])
	}
	return some
}

func replace(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

// each writes every byte.
func each(write func(byte) string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			b.WriteString(write(s[i]))
		}
		return b.String()
	}
}

// digitsTo writes the digits of another script.
func digitsTo(zero rune) func(string) string {
	return each(func(c byte) string {
		if c >= '0' && c <= '9' {
			return string(zero + rune(c-'0'))
		}
		return string(c)
	})
}

func fullWidth(s string) string {
	return each(func(c byte) string { return string(rune(c) + 0xFEE0) })(s)
}

func percent(s string) string {
	return each(func(c byte) string { return fmt.Sprintf("%%%02X", c) })(s)
}

func times(n int, f func(string) string) func(string) string {
	return func(s string) string {
		for range n {
			s = f(s)
		}
		return s
	}
}

// groupsOf writes a number in groups with a separator: cards as they are printed,
// phones behind the country's two digits and three more.
func groupsOf(separator string) func(string) string {
	return func(s string) string {
		if s[0] == '+' {
			return s[:3] + separator + s[3:6] + separator + s[6:]
		}
		return grouped(s, map[int][]int{14: {4, 6, 4}, 15: {4, 6, 5}, 16: {4, 4, 4, 4}}[len(s)], separator)
	}
}

// between writes a sign between all characters of the middle.
func between(sign string) func(string) string {
	return func(s string) string { return s[:4] + sign + s[4:7] + sign + s[7:] }
}

func rot13(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+13)%26
		case r >= 'A' && r <= 'Z':
			return 'A' + (r-'A'+13)%26
		}
		return r
	}, s)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

var encodings = []encoding{
	{"plain", all, func(s string) string { return s }},
	{"in a JSON text", all, func(s string) string { return `{"a":"` + s + `"}` }},
	// URLs
	{"%40", []kind{mails}, replace("@", "%40")}, {"%2540", []kind{mails}, replace("@", "%2540")}, {"%252540", []kind{mails}, replace("@", "%252540")},
	{"%25252540", []kind{mails}, replace("@", "%25252540")}, {"percent-encoded in full", all, percent}, {"three times in full", all, times(3, percent)}, {"%u0040", []kind{mails}, replace("@", "%u0040")},
	// HTML, JavaScript, mail
	{"&#64;", []kind{mails}, replace("@", "&#64;")}, {"&#x40;", []kind{mails}, replace("@", "&#x40;")}, {"&commat;", []kind{mails}, replace("@", "&commat;")},
	{"&#64 and &period;", []kind{mails}, replace("@", "&#64;", ".", "&period;")}, {`\u0040`, []kind{mails}, replace("@", `\u0040`)}, {`\x40`, []kind{mails}, replace("@", `\x40`)},
	{"=40", []kind{mails}, replace("@", "=40")}, {"UTF-7", []kind{mails}, replace("@", "+AEA-")},
	{"HTML, every character", all, each(func(c byte) string { return fmt.Sprintf("&#%d;", c) })}, {"JavaScript, every character", all, each(func(c byte) string { return fmt.Sprintf(`\u%04x`, c) })},
	// characters that stand for others
	{"U+FF20", []kind{mails}, replace("@", "＠")}, {"U+FE6B", []kind{mails}, replace("@", "﹫")}, {"full-width", all, fullWidth}, {"full-width dot", []kind{mails}, replace(".", "．")},
	{"ideographic dot", []kind{mails}, replace(".", "。")}, {"mathematical letters", []kind{mails}, each(func(c byte) string {
		if c >= 'a' && c <= 'z' {
			return string(rune('𝐚') + rune(c-'a'))
		}
		return string(c)
	})},
	{"Cyrillic a and e", []kind{mails}, replace("a", "а", "e", "е")}, {"zero-width space", all, between("\u200b")}, {"soft hyphen", all, between("\u00ad")}, {"word joiner", all, between("\u2060")},
	{"Arabic digits", digital, digitsTo('٠')}, {"Persian digits", digital, digitsTo('۰')}, {"Devanagari digits", digital, digitsTo('०')}, {"full-width digits", digital, digitsTo('０')},
	// signs written out
	{"[at]", []kind{mails}, replace("@", " [at] ")}, {"(at)", []kind{mails}, replace("@", "(at)")}, {"[at] and [dot]", []kind{mails}, replace("@", " [at] ", ".", " [dot] ")},
	{"at and dot", []kind{mails}, replace("@", " at ", ".", " dot ")}, {"AT and DOT", []kind{mails}, replace("@", " AT ", ".", " DOT ")}, {"spaces round @", []kind{mails}, replace("@", " @ ")}, {"(@)", []kind{mails}, replace("@", "(@)")},
	{"quoted local part", []kind{mails}, func(s string) string { return `"my ` + strings.Replace(s, "@", `"@`, 1) }},
	{"host's address in brackets", []kind{mails}, func(s string) string { return s[:strings.IndexByte(s, '@')] + "@[192.0.2.1]" }},
	{"bang path", []kind{mails}, func(s string) string {
		local, host, _ := strings.Cut(s, "@")
		return "relay!" + host + "!" + local
	}},
	{"mailto", []kind{mails}, func(s string) string { return "mailto:" + s + "?subject=x" }}, {"angle brackets", []kind{mails}, func(s string) string { return "Jane <" + s + ">" }}, {"URL with a password", []kind{mails}, func(s string) string { return "ftp://x:y@" + s[strings.IndexByte(s, '@')+1:] }},
	// other alphabets
	{"rot13", []kind{mails}, rot13}, {"reversed", []kind{mails}, reversed}, {"upper case", []kind{mails}, strings.ToUpper},
	{"base64", all, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }}, {"base64url", all, func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"base64 of base64", []kind{mails}, times(2, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })},
	{"base32", all, func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }}, {"hex", all, func(s string) string { return hex.EncodeToString([]byte(s)) }},
	// separators and words
	{"tab", digital, groupsOf("\t")}, {"thin space", digital, groupsOf("\u2009")}, {"no-break space", digital, groupsOf("\u00a0")}, {"two spaces", digital, groupsOf("  ")}, {"comma", digital, groupsOf(",")},
	{"dot", digital, groupsOf(".")}, {"slash", digital, groupsOf("/")}, {"underscore", digital, groupsOf("_")}, {"non-breaking hyphen", digital, groupsOf("\u2011")}, {"en dash", digital, groupsOf("–")}, {"minus", digital, groupsOf("−")},
	{"brackets", []kind{numbers}, func(s string) string { return s[:3] + " (" + s[3:6] + ") " + s[6:] }},
	{"wa.me/", []kind{numbers}, replace("+", "wa.me/")}, {"tel", []kind{numbers}, replace("+", "tel")}, {"tel:", []kind{numbers}, replace("+", "tel:")}, {"p+", []kind{numbers}, replace("+", "p+")},
	{"glued to a word", []kind{plastic}, func(s string) string { return "card" + s }}, {"cc:", []kind{plastic}, func(s string) string { return "cc:" + s }},
}
