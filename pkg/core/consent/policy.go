package consent

import "time"

// Policy is a customer's rules by jurisdiction, as in a resource of kind
// Policy. It holds the values as they were written; [Policy.Validate] says what
// is wrong with them, and [Policy.Resolve] reads everything that it does not
// understand in the stricter way.
type Policy struct {
	ID       string // metadata.name
	Customer string // metadata.customer; empty: for every customer
	Version  string

	// Default applies where no row does. What it leaves open is opt_in, with
	// both signals honoured.
	Default Row
	// Lifetime is how long a grant is good for; zero: for ever.
	Lifetime  time.Duration
	Minors    Minors
	Sensitive Sensitive
	// Jurisdictions are rows by DE or US-CA. A row inherits what it does not
	// say from its country's row, and that from Default.
	Jurisdictions map[string]Row
}

// Row is what a policy says about one jurisdiction.
type Row struct {
	Regime               string // opt_in, opt_out; empty: inherited
	HonourGPC, HonourDNT Tri    // Unset: inherited
	// GPCRequiredSince is the date (2006-01-02) from which the law requires
	// GPC to be honoured; empty where it does not. Not inherited.
	GPCRequiredSince string
	// Source is the law or regulation that the row follows.
	Source string
}

// Minors says what happens to events of known children and teens: block (also
// when empty) or, for teens only, allow.
type Minors struct{ Child, Teen string }

// Sensitive holds the rules for destinations and mappings marked sensitive.
type Sensitive struct {
	// Block are the jurisdictions where sensitive events never leave.
	Block []string
}

// Rule is the policy resolved for one event's place. The zero Rule is the
// strictest: opt_in, every signal honoured, known minors blocked.
type Rule struct {
	Regime               Regime
	IgnoreGPC, IgnoreDNT bool
	AllowTeens           bool
	SensitiveBlocked     bool          // sensitive events never leave from here
	Lifetime             time.Duration // zero: grants do not expire

	// Jurisdiction is the place that the rule was resolved for. FromIdentity
	// tells that identity.country made the rule stricter than the location
	// would have; where it changed the regime, it is the Jurisdiction as well.
	Jurisdiction Jurisdiction
	FromIdentity bool
	// Row is the most specific row that applied; zero: the default row.
	Row           Jurisdiction
	Source        string
	PolicyID      string
	PolicyVersion string
}

// Problem is one thing that is wrong with a policy.
type Problem struct {
	Path    string // below spec, such as jurisdictions.US-CA.honour_gpc
	Message string // what is wrong
	Fix     string // what to write instead
}
