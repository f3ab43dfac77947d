package payload

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// exact bounds what a number can be looked at as digits: beyond it, neighbours
// are hundreds apart.
const exact = 1e18

// SuspectNumber reports a number that looks like a phone or card number.
func SuspectNumber(v event.Value) bool {
	switch v.Kind {
	case event.Long:
		return identity.LookNumber(v.Long) != identity.NotSuspect
	case event.Double:
		abs := max(v.Double, -v.Double) // NaN stays NaN, and compares as false
		return abs < exact && identity.LookNumber(int64(abs)) != identity.NotSuspect
	default:
		return false
	}
}

// DeviceText reports that a version or model may leave. Versions have the form of
// phone numbers in free text, so numbers are judged as those of ids are.
func DeviceText(s string) bool {
	k := identity.Look(s)
	return k == identity.NotSuspect || k == identity.SuspectPhone && identity.LookID(s) == identity.NotSuspect
}

// Float reads a number, also one written as text.
func Float(v event.Value) (float64, bool) {
	switch v.Kind {
	case event.Double:
		return v.Double, true
	case event.Long:
		return float64(v.Long), true
	case event.String:
		f, err := strconv.ParseFloat(identity.Trim(v.Str), 64)
		return f, err == nil
	default:
		return 0, false
	}
}
