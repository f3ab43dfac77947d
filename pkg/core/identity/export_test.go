package identity

import "strings"

// The general rules behind ways that are short for what is ordinary. Tests hold
// one against the other.

// ShortSum is the way that Sum256 takes for a short message.
func ShortSum(message []byte) (sum [32]byte, ok bool) {
	ok = sumFrom(&sum, nil, 0, message)
	return sum, ok
}

// ShortHMAC is the way that a pseudonym takes for a short message.
func (p *Pseudonym) ShortHMAC(message []byte) (sum [32]byte, ok bool) {
	ok = p.short(&sum, message)
	return sum, ok
}

// ShortMessage is the longest message that is short.
const ShortMessage = padRoom - padLeast

// LowerByRule is AppendLower without its way for ASCII.
func LowerByRule(s string) string { return string(appendLowerRunes(nil, 0, s)) }

// LookIDByRule is LookID without a glance at what can be there.
func LookIDByRule(s string) Suspect { return byRule(s, idRule) }

// LookByRule is Look without one.
func LookByRule(s string) Suspect { return byRule(s, textRule) }

// byRule searches s, and every layer of it, for everything and everywhere.
func byRule(s string, r rule) Suspect {
	if len(s) < 5 {
		return NotSuspect
	}
	for range maxLayers + 1 {
		if k := r.searchAll(s); k != NotSuspect {
			return k
		}
		plain, changed := unveil(s)
		if !changed {
			return NotSuspect
		}
		s = plain
	}
	return SuspectHidden
}

func (r rule) searchAll(s string) Suspect {
	dot, secret := spaced(s)
	if _, _, ok := findEmail(s, 0); ok || spelledEmail(s, dot) {
		return SuspectEmail
	}
	if nationalNumber(s, 0, len(s), r) || r.numbers(s) == SuspectIBAN {
		return SuspectNationalID
	}
	if k := idNumbers(s, 0, len(s)); k != NotSuspect {
		return k
	}
	if _, _, ok := findCard(s, 0); ok && !r.id {
		return SuspectCard
	}
	if _, _, ok := findPhone(s, 0); ok && !r.id {
		return SuspectPhone
	}
	if secret || assigned(s) {
		return SuspectToken
	}
	return r.words(s, maxNested)
}

// PathByRule is appendPath segment by segment.
func PathByRule(path string) (string, int) {
	out, unsafe := appendSegments(nil, path)
	return string(out), unsafe
}

// Path is appendPath.
func Path(path string) (string, int) {
	out, unsafe := appendPath(nil, path)
	return string(out), unsafe
}

// HostByRule is the host that splitOrigin takes off what follows the scheme,
// without its way for ordinary ones.
func HostByRule(after string) (host string, ok bool) {
	if end := strings.IndexAny(after, `/?#\`); end >= 0 {
		after = after[:end]
	}
	after = after[strings.LastIndexByte(after, '@')+1:]
	return after, validHost(after)
}

// Host is the host that splitOrigin takes off what follows the scheme.
func Host(after string) (host string, ok bool) {
	o, _, ok := splitOrigin("https://" + after)
	return o.host, ok
}

// CurrencyCodes is the table, as text.
const CurrencyCodes = currencyCodes
