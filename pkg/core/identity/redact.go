package identity

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxMessage bounds what is kept of a provider's message, in bytes.
const maxMessage = 1024

type span struct{ start, end int }

// Redact makes a provider's message fit for logs and diagnostics: whatever
// looks like personal data, a digest of it, an address or a secret becomes
// [redacted], control characters become spaces, and a long text is cut.
// Providers quote what they refuse.
func Redact(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > 4*maxMessage {
		s = s[:4*maxMessage]
	}
	var spans []span
	for _, find := range [...]func(string, int) (int, int, bool){
		findEmail, findCard, findPhone, findIBAN, findToken, findBearer, findDigest, findAddress, findHidden,
	} {
		for from := 0; from < len(s); {
			start, end, ok := find(s, from)
			if !ok {
				break
			}
			spans = append(spans, span{start, end})
			from = end
		}
	}
	if s = tidy(cover(s, spans)); Look(s) != NotSuspect {
		return redacted // of several words, or of a form that has no finder
	}
	return s
}

// cover replaces the spans of s.
func cover(s string, spans []span) string {
	if len(spans) == 0 {
		return s
	}
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var out strings.Builder
	at := 0
	for _, sp := range spans {
		if sp.start < at { // overlaps the one before
			at = max(at, sp.end)
			continue
		}
		out.WriteString(s[at:sp.start])
		out.WriteString(redacted)
		at = sp.end
	}
	out.WriteString(s[at:])
	return out.String()
}

// tidy removes control characters and cuts at a character's border.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7F || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= maxMessage {
		return s
	}
	cut := maxMessage
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// findDigest finds a run of exactly 32 or at least 40 hex digits.
func findDigest(s string, from int) (start, end int, ok bool) {
	for i := from; i < len(s); {
		if hexDigit(s[i]) > 15 || i > 0 && isWord(s[i-1]) {
			i++
			continue
		}
		j := i
		for j < len(s) && hexDigit(s[j]) < 16 {
			j++
		}
		if n := j - i; (n == 32 || n >= hexSecret) && (j == len(s) || !isWord(s[j])) {
			return i, j, true
		}
		i = j
	}
	return 0, 0, false
}

// findAddress finds an IP address.
func findAddress(s string, from int) (start, end int, ok bool) {
	for i := from; i < len(s); {
		if hexDigit(s[i]) > 15 && s[i] != ':' {
			i++
			continue
		}
		if i > 0 && (isLetter(s[i-1]) || isDigit(s[i-1])) {
			i++
			continue
		}
		j := i
		for j < len(s) && (hexDigit(s[j]) < 16 || s[j] == ':' || s[j] == '.') {
			j++
		}
		word := strings.TrimRight(s[i:j], ".:")
		if addressLike(word) {
			return i, i + len(word), true
		}
		i = j
	}
	return 0, 0, false
}

func addressLike(word string) bool {
	if len(word) < 3 {
		return false
	}
	if _, err := netip.ParseAddr(word); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(word)
	return err == nil
}

// findHidden finds a word that looks like something once its escapes, its
// encoding and characters that stand for others are undone.
func findHidden(s string, from int) (start, end int, ok bool) {
	for i := from; i < len(s); {
		j := i
		for j < len(s) && s[j] != ' ' && s[j] != '"' && s[j] != '\'' {
			j++
		}
		if Look(s[i:j]) != NotSuspect {
			return i, j, true
		}
		i = j + 1
	}
	return 0, 0, false
}
