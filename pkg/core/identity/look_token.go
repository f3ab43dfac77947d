package identity

import "strings"

// tokenPrefixes begin secrets of well-known services; least is how many
// characters a token has at least, prefix included.
var tokenPrefixes = [...]struct {
	prefix string
	least  int
}{
	{"eyJ", 20},                                                // JSON Web Token
	{"EAA", 24},                                                // Meta access token
	{"ya29.", 12}, {"1//0", 20}, {"GOCSPX-", 16}, {"AIza", 30}, // Google
	{"sk_live_", 12}, {"rk_live_", 12}, {"sk_test_", 12}, {"whsec_", 12}, {"sk-", 24}, // payment, AI services
	{"ghp_", 20}, {"gho_", 20}, {"ghs_", 20}, {"github_pat_", 24}, {"glpat-", 16}, // code hosting
	{"xoxb-", 16}, {"xoxp-", 16}, {"xapp-", 16}, // chat
	{"AKIA", 20}, {"ASIA", 20}, // cloud keys
	{"SG.", 24}, {"shpat_", 16}, // mail, shops
}

// minToken is the shortest secret that findToken knows.
const minToken = 12

// The lengths from which an unbroken run of letters and digits is taken for a
// secret: mixed case with digits, and hex digests of 160 bits and more.
const (
	mixedSecret = 32
	hexSecret   = 40
)

// findToken finds the first secret: a well-known prefix, "Bearer" and a word, a
// long hex digest, or a run of at least 32 letters of both cases and digits.
func findToken(s string, from int) (start, end int, ok bool) {
	for i := from; i < len(s); {
		if !is(s[i], tokenByte) {
			i++
			continue
		}
		j := i
		for j < len(s) && is(s[j], tokenByte) {
			j++
		}
		word := s[i:j]
		if isToken(word) {
			return i, j, true
		}
		if introduces(word) && j+9 <= len(s) && s[j] == ' ' {
			k := j + 1
			for k < len(s) && is(s[k], tokenByte) {
				k++
			}
			if k-j > 8 {
				return i, k, true
			}
		}
		if a, b, found := mixedRun(word); found {
			return i + a, i + b, true
		}
		i = j
	}
	return 0, 0, false
}

func isToken(word string) bool {
	if len(word) < minToken {
		return false
	}
	for i := range tokenPrefixes {
		p := &tokenPrefixes[i]
		if word[0] == p.prefix[0] && len(word) >= p.least && strings.HasPrefix(word, p.prefix) {
			return true
		}
	}
	return false
}

// introduces reports whether the next word is a secret.
func introduces(word string) bool {
	return len(word) == len("bearer") && strings.EqualFold(word, "bearer") || len(word) == len("basic") && strings.EqualFold(word, "basic")
}

// mixedRun finds a run of letters and digits that no person wrote.
func mixedRun(word string) (start, end int, ok bool) {
	if len(word) < mixedSecret {
		return 0, 0, false
	}
	for i := 0; i < len(word); {
		if !isDigit(word[i]) && !isLetter(word[i]) {
			i++
			continue
		}
		upper, lower, digits, hex := 0, 0, 0, 0
		j := i
		for ; j < len(word) && (isDigit(word[j]) || isLetter(word[j])); j++ {
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
