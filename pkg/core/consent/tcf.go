package consent

import "github.com/sluicehq/sluice/pkg/core/consent/iab"

// tcfReading is what TC strings say: for everybody, and what they withhold from
// Google.
type tcfReading struct {
	said         State
	notForGoogle PurposeSet
}

// translateTCF reads a TC string's purposes. A purpose whose bits are not all set
// is denied: the string is a complete statement. interest: purpose 7 may rest on a
// legitimate interest as well.
func translateTCF(t *iab.TCF, interest bool) tcfReading {
	r := tcfReading{said: State{Granted: Advertising}}
	for i := range tcfPurposes {
		row := &tcfPurposes[i]
		for _, id := range row.needs {
			byInterest := interest && id == measurement
			if !t.Consent.Has(id) && !(byInterest && t.Interest.Has(id)) {
				r.said = r.said.Deny(row.purpose)
			}
			if !allowsVendor(t, id, byInterest) {
				r.notForGoogle |= row.purpose
			}
		}
	}
	return r
}

// allowsVendor tells whether the vendor itself may act for a purpose: it was
// disclosed, has what its legal basis needs, and the publisher does not restrict
// it to another one.
func allowsVendor(t *iab.TCF, id int, byInterest bool) bool {
	if !t.Disclosed || t.Forbidden.Has(id) {
		return false
	}
	if t.VendorConsent && t.Consent.Has(id) && !t.InterestOnly.Has(id) {
		return true
	}
	return byInterest && t.VendorInterest && t.Interest.Has(id) && !t.ConsentOnly.Has(id)
}

// translateCanada reads IAB Canada's section. Express consent is consent. Implied
// consent is none: it grants nothing, and denies nothing to others than Google.
func translateCanada(t *iab.TCF) tcfReading {
	r := tcfReading{said: State{Granted: Advertising}}
	for i := range tcfPurposes {
		row := &tcfPurposes[i]
		for _, id := range row.needs {
			switch {
			case t.Consent.Has(id):
			case t.Interest.Has(id):
				r.said.Granted &^= row.purpose
			default:
				r.said = r.said.Deny(row.purpose)
			}
			if !allowsVendor(t, id, false) {
				r.notForGoogle |= row.purpose
			}
		}
	}
	return r
}

// restrict keeps the more restrictive of two readings.
func (r tcfReading) restrict(o tcfReading) tcfReading {
	return tcfReading{said: r.said.Restrict(o.said), notForGoogle: r.notForGoogle | o.notForGoogle}
}

// older is the earlier of two times of which zero is none.
func older(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
