package consent

import "time"

// Policy is a customer's rules by jurisdiction, as in a resource of kind
// Policy. It holds the values as they were written; [Policy.Validate] says what
// is wrong with them, and [Policy.Resolve] reads everything that it does not
// understand in the stricter way.
type Policy struct {
	ID       string `yaml:"metadata.name" required:"true" rule:"resource" doc:"Name of the policy. A policy named default replaces the embedded one."`
	Customer string `yaml:"metadata.customer" rule:"customer" doc:"The customer whose destinations may use it. Absent: every customer's."`
	Version  string `yaml:"spec.version" doc:"Version or date, written into decisions."`

	// Default applies where no row does. What it leaves open is opt_in, with
	// both signals honoured.
	Default Row `yaml:"spec.default" required:"true" doc:"What applies where no jurisdiction's row does."`
	// Lifetime is how long a grant is good for; zero: for ever.
	Lifetime  time.Duration `yaml:"spec.consent_lifetime" kind:"duration" doc:"How long a grant is good for. Absent: for ever."`
	Minors    MinorRules    `yaml:"spec.minors" doc:"What happens to events of minors."`
	Sensitive Sensitive     `yaml:"spec.sensitive" doc:"Rules for destinations and mappings marked sensitive."`
	TCF       TCFRules      `yaml:"spec.tcf" doc:"How TC strings are read."`
	GPP       GPPRules      `yaml:"spec.gpp" doc:"How US sections of GPP strings are read."`
	// Jurisdictions are rows by DE or US-CA. A row inherits what it does not
	// say from its country's row, and that from Default.
	Jurisdictions map[string]Row `yaml:"spec.jurisdictions" doc:"Rows by country (DE) or subdivision (US-CA); a row inherits what it does not say from its country's, and that from default."`
}

// Row is what a policy says about one jurisdiction.
type Row struct {
	Regime    string `yaml:"regime" doc:"opt_in or opt_out. Absent: inherited."`
	HonourGPC Tri    `yaml:"honour_gpc" doc:"Whether Global Privacy Control counts as an opt-out. Absent: inherited."`
	HonourDNT Tri    `yaml:"honour_dnt" doc:"Whether Do Not Track counts as an opt-out. Absent: inherited."`
	// GPCRequiredSince is the date (2006-01-02) from which the law requires
	// GPC to be honoured; empty where it does not. Not inherited.
	GPCRequiredSince string `yaml:"gpc_required_since" doc:"Date from which the law requires GPC to be honoured."`
	Source           string `yaml:"source" doc:"The law or regulation that the row follows."`
}

// MinorRules says what happens to events of known children and teens: block (also
// when empty) or, for teens only, allow.
type MinorRules struct {
	Child string `yaml:"child" doc:"block: events of known children never leave."`
	Teen  string `yaml:"teen" doc:"block or allow. Absent: block."`
	GPP   string `yaml:"gpp" enum:",any,no_consent,ignore" doc:"Whom a GPP section names as a minor: any (also when absent) by 1 and 2 in a field for known children, no_consent by 1 alone, ignore nobody."`
}

// TCFRules says how TC strings are read.
type TCFRules struct {
	Purpose7                   string `yaml:"purpose_7" enum:",consent,consent_or_legitimate_interest" doc:"What measuring an ad's performance (purpose 7) may rest on. Absent: consent."`
	GPPWithoutDisclosedVendors []int  `yaml:"gpp_without_disclosed_vendors" doc:"Ids of consent management platforms whose TC strings inside GPP may lack the disclosed vendors."`
	// FutureTolerance zero: DefaultFutureTolerance.
	FutureTolerance time.Duration `yaml:"future_tolerance" kind:"duration" doc:"How far ahead of the clock a string may say that it was last updated. Absent: 1d."`
}

// DefaultFutureTolerance covers time zones: strings hold days.
const DefaultFutureTolerance = 24 * time.Hour

// GPPRules says how US sections of GPP strings are read.
type GPPRules struct {
	OtherStates     string `yaml:"other_states" enum:",count,ignore" doc:"Whether another state's opt-out counts where nothing in the string speaks for the visitor's own. Absent: count."`
	MissingNotice   string `yaml:"missing_notice" enum:",ignore,deny" doc:"Whether an opt-out that was not offered denies as an opt-out does. Absent: ignore."`
	ServiceProvider string `yaml:"service_provider" enum:",ignore,deny" doc:"Whether a section of a service provider under the Multi-State Privacy Agreement denies as an opt-out does. Absent: ignore."`
}

// Sensitive holds the rules for destinations and mappings marked sensitive.
type Sensitive struct {
	Block []string `yaml:"block" doc:"Jurisdictions where sensitive events never leave."`
}

// Rule is the policy resolved for one event's place. The zero Rule is the
// strictest: opt_in, every signal honoured, known minors blocked.
type Rule struct {
	Regime               Regime
	IgnoreGPC, IgnoreDNT bool
	AllowTeens           bool
	SensitiveBlocked     bool          // sensitive events never leave from here
	Lifetime             time.Duration // zero: grants do not expire

	// IgnoreMinors are what GPP sections say about an age that does not count.
	IgnoreMinors Minors
	// OwnStateOnly: another state's opt-out never counts.
	OwnStateOnly bool
	// IgnoreMissingNotice and IgnoreServiceProvider: see GPPRules.
	IgnoreMissingNotice, IgnoreServiceProvider bool
	// InterestForMeasurement: TCF purpose 7 may rest on a legitimate interest.
	InterestForMeasurement bool
	// FutureTolerance is how far ahead of the clock a TC string may be.
	FutureTolerance time.Duration
	tcf             *TCFRules // for whom disclosed vendors may be missing

	// Jurisdiction is the place that the rule was resolved for. FromIdentity
	// tells that identity.country made the rule stricter than the location
	// would have; where it changed the regime, it is the Jurisdiction as well.
	Jurisdiction Jurisdiction
	FromIdentity bool
	// blockedByIdentity: SensitiveBlocked comes from identity.country, which is
	// of interest to sensitive events only.
	blockedByIdentity bool
	// Row is the most specific row that applied, or the one that made the rule
	// of an unknown region opt_in; zero: the default row.
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
