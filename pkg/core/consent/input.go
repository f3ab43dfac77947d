package consent

// Tri is a boolean that may be absent.
type Tri uint8

// The states of a Tri.
const (
	Unset Tri = iota
	False
	True
)

// TriOf returns True or False.
func TriOf(b bool) Tri {
	if b {
		return True
	}
	return False
}

// Field is one string of a consent object. An absent or null field is the zero
// Field and means "not given"; an empty string that was given is malformed.
type Field struct {
	Value string
	Given bool
}

// Text returns a Field that was given.
func Text(value string) Field { return Field{Value: value, Given: true} }

// Input is one raw consent statement as read, before any interpretation. Its
// strings may alias the bytes that they were read from.
type Input struct {
	// Malformed: something was met while decoding, inside the consent object or in
	// its place, that cannot be read. Decoders set it instead of failing.
	Malformed bool
	// WrongType is the field whose value has the wrong type, where that is known.
	WrongType Part
	// UnknownMember is a member that the contract does not have, and NearMember
	// the one that was probably meant; "" where there is none.
	UnknownMember, NearMember string

	// Open strings on purpose: an unknown value has to reach Normalise.
	AdStorage, AdUserData, AdPersonalization, AnalyticsStorage Field
	// TCF is an IAB TC string, GPP an IAB GPP string.
	TCF, GPP Field
	// AgeGroup is child, teen or adult.
	AgeGroup Field

	GPC, DNT Tri
	// GDPRApplies is what the caller knows of it. False: TC strings are not read.
	GDPRApplies Tri
	// GPPSID are the GPP sections in force as the caller sees it.
	GPPSID SectionIDs

	// Copied: the event comes from a system, a phone call or an e-mail, where
	// nobody was asked at that moment. It is set by who knows the event.
	Copied bool
	// CapturedAt is when the statement was made, in epoch milliseconds; zero
	// means absent. A record has UpdatedAt instead.
	CapturedAt int64
}

// Record is what the consent topic says about one subject. The last record of
// a subject replaces all earlier ones.
type Record struct {
	Input
	// UpdatedAt is when the subject made the choice, in epoch milliseconds.
	UpdatedAt int64
	// Source and PolicyVersion are the writer's own notes for an audit.
	Source, PolicyVersion string
	// OptOutOverridden: the grants were given after the subject had been shown
	// the conflict with their browser's GPC or DNT.
	OptOutOverridden bool
	// Erased: the subject asked for erasure. Such a record says nothing else.
	Erased bool
	// Offset is the record's offset in the consent topic.
	Offset int64
}
