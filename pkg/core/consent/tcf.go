package consent

import (
	"strings"

	"github.com/prebid/go-gdpr/api"
	"github.com/prebid/go-gdpr/consentconstants"
	tcf2 "github.com/prebid/go-gdpr/vendorconsent/tcf2"
)

// tcfReading is what a TC string says.
type tcfReading struct {
	said         State
	notForGoogle PurposeSet
}

// restrictions is what the library's parsed string also knows, beyond the
// interface that it returns.
type restrictions interface {
	CheckPubRestriction(purpose, kind uint8, vendor uint16) bool
}

// The kinds of publisher restriction that take a purpose away from a vendor
// that works on consent: not allowed at all, and legitimate interest required.
const (
	restrictedFlatly       = 0
	restrictedToLegitimate = 2
)

// readTCF reads a TC string of version 2. Version 1 ended in 2020 and is not
// read. ok is false where the string cannot be read with certainty.
func readTCF(s string) (t tcfReading, ok bool) {
	if len(s) == 0 || s[0] != 'C' || !isSegmented(s) {
		return tcfReading{}, false
	}
	// The library checks most lengths, not all: a string that ends on the wrong
	// byte indexes past its end. It has no state, so nothing is left behind.
	defer func() {
		if recover() != nil {
			t, ok = tcfReading{}, false
		}
	}()
	parsed, err := tcf2.ParseString(s)
	if err != nil || parsed.Version() != 2 {
		return tcfReading{}, false
	}
	return translateTCF(parsed), true
}

func translateTCF(parsed api.VendorConsents) tcfReading {
	t := tcfReading{said: State{Granted: Advertising}}
	limits, limited := parsed.(restrictions)
	vendor := parsed.VendorConsent(googleVendor)
	for _, row := range tcfPurposes {
		for _, id := range row.needs {
			if !parsed.PurposeAllowed(consentconstants.Purpose(id)) {
				t.said = t.said.Deny(row.purpose)
			}
			if limited && (limits.CheckPubRestriction(id, restrictedFlatly, googleVendor) ||
				limits.CheckPubRestriction(id, restrictedToLegitimate, googleVendor)) {
				t.notForGoogle |= row.purpose
			}
		}
		if !vendor {
			t.notForGoogle |= row.purpose
		}
	}
	return t
}

// isSegmented tells whether s consists of base64url segments joined by dots.
// The decoder behind the library skips line breaks and ignores what follows the
// first dot, so both are looked at here.
func isSegmented(s string) bool {
	for segment := range strings.SplitSeq(s, ".") {
		if !isBase64URL(segment) {
			return false
		}
	}
	return true
}

func isBase64URL(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
