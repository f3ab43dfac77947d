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

// The parts that can be malformed. The zero Part means that nothing was.
const (
	WellFormed Part = iota
	PartType        // a value of the wrong type
	PartAdStorage
	PartAdUserData
	PartAdPersonalization
	PartAnalyticsStorage
	PartTCF
	PartGPP
	PartAgeGroup
)

var partNames = [...]string{
	"", "wrong type", "ad_storage", "ad_user_data", "ad_personalization",
	"analytics_storage", "tcf", "gpp", "age_group",
}

// String returns the field's name, "wrong type", or "".
func (p Part) String() string {
	if int(p) >= len(partNames) {
		return "unknown"
	}
	return partNames[p]
}

// Statement is an interpreted Input: small, comparable, free of strings and of
// any notion of place or destination. It is kept in the consent table and
// travels with a delivery, so that the sender can judge again without the
// original strings. Every field may be written out and read back as a number.
//
// The zero Statement is one that nobody made.
type Statement struct {
	Source Source

	// Said is what the fields and the TC string say together, as every
	// destination but Google reads it. US sections of a GPP string are not in
	// it: which of them count depends on the place.
	Said State
	// Explicit are the purposes that the statement's own fields granted, and
	// that its TC string does not contradict.
	Explicit PurposeSet
	// NotForGoogle are the purposes that the TC string withholds from Google in
	// particular: vendor consent is missing, or a publisher restriction applies.
	NotForGoogle PurposeSet

	// OptedOut and Unreadable are the GPP sections that opt the subject out, and
	// those that could not be read with certainty.
	OptedOut, Unreadable Sections

	GPC, DNT  bool
	Age       AgeGroup
	Malformed Part

	// Overridden and Erased come from a record only.
	Overridden, Erased bool

	// At is when the statement was made, in epoch milliseconds, never later
	// than when the broker stored it.
	At int64
	// Offset is a record's offset in the consent topic.
	Offset int64
}
