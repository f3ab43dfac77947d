package identity

import (
	"bytes"
	"strings"
)

// tokenPrefixes begin secrets of well-known services; least is how many
// characters a token has at least, prefix included.
var tokenPrefixes = [...]struct {
	prefix string
	least  int
}{
	{"eyJ", 12},                                                // JSON Web Token; see webToken
	{"EAA", 24},                                                // Meta access token
	{"ya29.", 12}, {"1//0", 20}, {"GOCSPX-", 16}, {"AIza", 30}, // Google
	{"sk_live_", 12}, {"rk_live_", 12}, {"sk_test_", 12}, {"whsec_", 12}, {"sk-", 24}, // payment, AI services
	{"ghp_", 20}, {"gho_", 20}, {"ghs_", 20}, {"github_pat_", 24}, {"glpat-", 16}, // code hosting
	{"xoxb-", 16}, {"xoxp-", 16}, {"xapp-", 16}, // chat
	{"AKIA", 20}, {"ASIA", 20}, // cloud keys
	{"SG.", 50}, {"shpat_", 16}, // mail, shops
}

// minToken is the shortest secret that is known by its prefix.
const minToken = 12

// The lengths from which an unbroken run of letters and digits is taken for a
// secret: mixed case with digits, and hex digests of 160 bits and more.
const (
	mixedSecret = 32
	hexSecret   = 40
)

// findToken finds the first secret: one with a well-known prefix, what follows
// "Bearer", a long hex digest, or a run of at least 32 letters of both cases and
// digits.
func findToken(s string, from int) (start, end int, ok bool) {
	for start, end = longWord(s, from); end > 0; start, end = longWord(s, end) {
		word := s[start:end]
		if at, known := knownToken(word); known {
			return start + at, end, true
		}
		if a, b, found := mixedRun(word); found {
			return start + a, start + b, true
		}
	}
	return 0, 0, false
}

// findBearer finds "Bearer" or "Basic" and the secret behind it.
func findBearer(s string, from int) (start, end int, ok bool) {
	for i := max(from, len("basic")); i < len(s); i++ {
		if is(s[i], spaceByte) {
			if start, end, ok = bearerAt(s, i); ok {
				return start, end, true
			}
		}
	}
	return 0, 0, false
}

// bearerAt reads the words in front of the space at i and behind it.
func bearerAt(s string, i int) (start, end int, ok bool) {
	if last := s[i-1] | 0x20; last != 'r' && last != 'c' {
		return 0, 0, false
	}
	word := skipSpaces(s, i)
	end = word
	for end < len(s) && is(s[end], tokenByte) {
		end++
	}
	switch {
	case introducedBy(s, i, "bearer"):
		return i - len("bearer"), end, end-word > 8
	case introducedBy(s, i, "basic"):
		return i - len("basic"), end, basic(strings.TrimRight(s[word:end], "."))
	}
	return 0, 0, false
}

// introducedBy reports whether the word in front of i is word, in any case.
func introducedBy(s string, i int, word string) bool {
	at := i - len(word)
	return foldedAt(s, at, word) && boundaryAt(s, at)
}

// basic reports whether word is name and password of HTTP's basic scheme:
// anything else behind the word "basic" is a shirt.
func basic(word string) bool {
	if len(word) < 8 {
		return false
	}
	text, ok := alphabets[0].decode(nil, word)
	return ok && bytes.IndexByte(text, ':') > 0
}

// keyHead begins a key in PEM, whoever's it is.
const keyHead = "-----BEGIN "

// spaced looks at every space once: behind one a sign may be spelled out (" dot
// "), and in front of one a secret announced, by "Bearer", "Basic" or the head of
// a key file.
func spaced(s string) (dot, secret bool) {
	for i := range len(s) {
		if !is(s[i], spaceByte) {
			continue
		}
		if i+4 < len(s) && s[i+4] == ' ' && foldedAt(s, i+1, "dot") {
			dot = true
		}
		if i < len("basic") {
			continue
		}
		if _, _, ok := bearerAt(s, i); ok || s[i-1] == 'N' && strings.HasSuffix(s[:i+1], keyHead) {
			return dot, true
		}
	}
	return dot, false
}

// secretNames are how people call what must not leave.
var secretNames = [...]string{"password", "passwd", "pwd", "passwort", "client_secret", "api_key", "apikey", "access_token", "auth_token"}

// assigned reports a secret behind its name: password=…, api_key: ….
func assigned(s string) bool {
	for i := range len(s) {
		if !is(s[i], assignByte) {
			continue
		}
		value := skipSpaces(s, i+1)
		if value == len(s) || s[value] == '&' || s[value] == '/' {
			continue
		}
		for _, name := range secretNames {
			if introducedBy(s, i, name) {
				return true
			}
		}
	}
	return false
}

// knownToken tells where in a word a secret with a well-known prefix begins.
func knownToken(word string) (at int, ok bool) {
	for ; at < len(word); at++ {
		if is(word[at], prefixByte) && boundaryAt(word, at) && isToken(word[at:]) {
			return at, true
		}
	}
	return 0, false
}

// isToken reports whether word begins with such a prefix, and is long enough.
func isToken(word string) bool {
	if len(word) < minToken {
		return false
	}
	for i := range tokenPrefixes {
		p := &tokenPrefixes[i]
		if word[0] != p.prefix[0] || len(word) < p.least || !strings.HasPrefix(word, p.prefix) {
			continue
		}
		switch p.prefix {
		case "eyJ":
			return webToken(word)
		case "sk-":
			return longestRun(word[len(p.prefix):]) >= 16
		case "EAA", "AKIA", "ASIA", "AIza": // these have no mark that ends them
			return longestRun(word) >= 16
		}
		return true
	}
	return false
}

// maxHeader is how much of what follows a prefix is looked at.
const maxHeader = 256

// webToken reports whether the first part of word is the header of a JSON Web
// Token: other objects in base64 are how some shops write ids.
func webToken(word string) bool {
	header, _, _ := strings.Cut(word, ".")
	text, _ := alphabets[0].decode(nil, header[:min(len(header), maxHeader)]) // a header that is cut off is one
	for _, name := range [...]string{`"alg"`, `"typ"`, `"enc"`, `"kid"`} {
		if strings.Contains(string(text), name) {
			return true
		}
	}
	return false
}

// longestRun is the length of the longest run of letters and digits in s, near its
// beginning.
func longestRun(s string) int {
	longest, n := 0, 0
	for i := range min(len(s), maxHeader) {
		if n++; !isAlnum(s[i]) {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

// mixedRun finds a run of letters and digits that no person wrote.
func mixedRun(word string) (start, end int, ok bool) {
	if len(word) < mixedSecret {
		return 0, 0, false
	}
	for i := 0; i < len(word); {
		if !isAlnum(word[i]) {
			i++
			continue
		}
		upper, lower, digits, hex := 0, 0, 0, 0
		j := i
		for ; j < len(word) && isAlnum(word[j]); j++ {
			switch {
			case isDigit(word[j]):
				digits++
			case word[j] >= 'a':
				lower++
			default:
				upper++
			}
			if hexDigit(word[j]) < 16 {
				hex++
			}
		}
		n := j - i
		if n >= mixedSecret && upper > 1 && lower > 1 && digits > 1 || n >= hexSecret && hex == n && digits > 0 && upper+lower > 0 {
			return i, j, true
		}
		i = j
	}
	return 0, 0, false
}
