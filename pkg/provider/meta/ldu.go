package meta

import "github.com/sluicehq/sluice/pkg/core/consent"

// lduCountry is Meta's code for the United States.
const lduCountry = 1

// lduStates are the states that Limited Data Use covers, with Meta's codes.
// Source: the Limited Data Use page of Meta's Marketing API documentation, as of
// September 2026. To add a state, add a row once Meta documents its code.
var lduStates = [...]struct {
	region string
	code   int64
}{
	{"CA", 1000}, {"CO", 1001}, {"CT", 1002}, {"FL", 1003}, {"OR", 1004}, {"TX", 1005}, {"MT", 1006},
	{"DE", 1007}, {"NE", 1008}, {"NH", 1009}, {"NJ", 1010}, {"MN", 1011}, {"MD", 1012}, {"RI", 1013},
}

// limitedDataUse gives the state's code where the event may be sent restricted:
// under opt_out, in a state of the table. The state is always named; Meta is
// never asked to guess it from an IP address.
func limitedDataUse(regime consent.Regime, place consent.Place) (code int64, ok bool) {
	if regime != consent.OptOut || place.Location.Country != "US" {
		return 0, false
	}
	for _, s := range lduStates {
		if s.region == place.Location.Region {
			return s.code, true
		}
	}
	return 0, false
}
