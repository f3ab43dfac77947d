package consent

// Source tells which input a statement came from.
type Source uint8

// The sources. The zero Source marks a statement that nobody made.
const (
	Nobody Source = iota
	Snapshot
	FromRecord
)

// String returns none, snapshot or record.
func (s Source) String() string {
	switch s {
	case Snapshot:
		return "snapshot"
	case FromRecord:
		return "record"
	default:
		return "none"
	}
}

// AgeGroup is what is known about the subject's age.
type AgeGroup uint8

// The age groups. An unknown age passes: only known minors are held back.
const (
	AgeUnknown AgeGroup = iota
	Child
	Teen
	Adult
)

// Part names what was malformed in an input, for diagnostics.
type Part uint8

// The parts that can be malformed. The zero Part means that nothing was. Their
// numbers stand in deliveries: new ones come last.
const (
	WellFormed Part = iota
	PartType        // a value of the wrong type, of a part that is not known
	PartAdStorage
	PartAdUserData
	PartAdPersonalization
	PartAnalyticsStorage
	PartTCF
	PartGPP
	PartAgeGroup
	PartUnknownMember // a member that the contract does not have
	PartGPC
	PartDNT
	PartGDPRApplies
	PartGPPSID
	PartCapturedAt
	PartUpdatedAt
	PartOptOutOverridden
	PartErased

	parts
)

const (
	wantsPurpose = "want granted or denied"
	wantsBool    = "want true or false"
	wantsTime    = "want a time such as 2026-11-20T10:00:00Z"
)

// partRows gives each part its name, which is that of its field, and what it
// accepts.
var partRows = [parts]struct{ name, wants string }{
	PartType:              {"wrong type", ""},
	PartAdStorage:         {"ad_storage", wantsPurpose},
	PartAdUserData:        {"ad_user_data", wantsPurpose},
	PartAdPersonalization: {"ad_personalization", wantsPurpose},
	PartAnalyticsStorage:  {"analytics_storage", wantsPurpose},
	PartTCF:               {"tcf", "want a TC string"},
	PartGPP:               {"gpp", "want a GPP string"},
	PartAgeGroup:          {"age_group", "want child, teen or adult"},
	PartUnknownMember:     {"unknown member", ""},
	PartGPC:               {"gpc", wantsBool},
	PartDNT:               {"dnt", wantsBool},
	PartGDPRApplies:       {"gdpr_applies", wantsBool},
	PartGPPSID:            {"gpp_sid", "want section ids such as [7], or [-1] for none"},
	PartCapturedAt:        {"captured_at", wantsTime},
	PartUpdatedAt:         {"updated_at", wantsTime},
	PartOptOutOverridden:  {"opt_out_overridden", wantsBool},
	PartErased:            {"erased", wantsBool},
}

// String returns the field's name, "wrong type", "unknown member", or "".
func (p Part) String() string {
	if p >= parts {
		return "unknown"
	}
	return partRows[p].name
}

// ParsePart reads what String gives.
func ParsePart(name string) (Part, bool) {
	for p := range parts {
		if partRows[p].name == name {
			return p, true
		}
	}
	return WellFormed, false
}

// Statement is an interpreted Input: small, comparable, and free of any notion of
// place or destination. It is kept in the consent table and travels with a
// delivery, so that the sender can judge again without the original strings.
// Every field but Fault and UnknownSection, which only explain, may be written
// out and read back as a number.
//
// The zero Statement is one that nobody made.
type Statement struct {
	Source Source

	// Said is what the fields and the TC string say together, as every
	// destination but Google reads it. Other sections of a GPP string are not in
	// it: which of them count depends on the place.
	Said State
	// Explicit are the purposes that the statement's own fields granted, and
	// that its TC string does not contradict.
	Explicit PurposeSet
	// NotForGoogle are the purposes that the TC string withholds from Google in
	// particular: vendor consent is missing, the vendor was not disclosed, or a
	// publisher restriction applies.
	NotForGoogle PurposeSet
	// ByInterest are the purposes that are denied in Said only because purpose 7
	// was not consented to, although a legitimate interest was shown and not
	// objected to. GoogleByInterest are those of NotForGoogle of which the same
	// holds. They count where the policy says so (tcf.purpose_7).
	ByInterest, GoogleByInterest PurposeSet
	// Canada is what GPP section 5 says, and NotForGoogleInCanada what it
	// withholds from Google.
	Canada               State
	NotForGoogleInCanada PurposeSet

	// OptedOut are the GPP sections that opt the subject out, Answered those in
	// which it was asked and did not. Unreadable are those that could not be read
	// with certainty, Unsupported those of a version or id that is not read.
	OptedOut, Answered, Unreadable, Unsupported Sections
	// WithoutNotice did not offer an opt-out; ServiceProvider were sent by a
	// service provider. They count where the policy says so.
	WithoutNotice, ServiceProvider Sections
	// SectionsNamed: gpp_sid named the sections that count, whatever the place.
	// The sets above hold no others.
	SectionsNamed bool
	// UnknownSection is the first section id that the table does not know.
	UnknownSection uint16
	// UndisclosedCMP is the CMP id of a TC string inside GPP that lacks the
	// disclosed vendors; zero: none does. The policy says whose it lets pass.
	UndisclosedCMP uint16

	GPC, DNT bool
	Age      AgeGroup
	// Minors is what GPP sections say about the subject's age.
	Minors    Minors
	Malformed Part
	// Fault says in words what is wrong with the malformed part; it holds no
	// value that came from outside but the name of an unknown member.
	Fault string

	// Overridden and Erased come from a record only.
	Overridden, Erased bool
	// Undated: a snapshot that may be a copy of an older choice and does not say
	// when it was made. It is never newer than a record.
	Undated bool

	// At is when the statement was made, in epoch milliseconds, never later
	// than when the broker stored it.
	At int64
	// StringAt and CanadaAt are when the TC string and GPP section 5 were last
	// updated, in epoch milliseconds; zero: there is none.
	StringAt, CanadaAt int64
	// Offset is a record's offset in the consent topic.
	Offset int64
}
