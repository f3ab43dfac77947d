package consent

// Regime says what silence means.
type Regime uint8

const (
	// OptIn: what was not granted is not allowed. The zero value: fail closed.
	OptIn Regime = iota
	// OptOut: what was not denied is allowed.
	OptOut
)

// String returns opt_in or opt_out.
func (r Regime) String() string {
	if r == OptOut {
		return "opt_out"
	}
	return "opt_in"
}

// ParseRegime reads opt_in or opt_out.
func ParseRegime(s string) (Regime, bool) {
	switch s {
	case "opt_in":
		return OptIn, true
	case "opt_out":
		return OptOut, true
	default:
		return OptIn, false
	}
}
