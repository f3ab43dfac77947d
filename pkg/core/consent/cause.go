package consent

import "math/bits"

// Cause is one thing that stands against sending an event.
type Cause uint8

// The causes, in the order in which gates 4 (user choice) and 5 (consent)
// report them.
const (
	Erased Cause = iota
	GPC
	DNT
	Minor
	Malformed
	DeniedPurpose
	SensitiveData
	Expired
	Unsupported
	Unknown

	causes
)

var causeNames = [causes]string{
	"consent.erased", "choice.gpc", "choice.dnt", "choice.minor",
	"consent.malformed", "consent.denied", "consent.sensitive", "consent.expired",
	"consent.unsupported", "consent.unknown",
}

// String returns the reason code that the gates give for the cause.
func (c Cause) String() string {
	if c >= causes {
		return "unknown"
	}
	return causeNames[c]
}

// Class groups causes by the destination's setting that answers them.
type Class uint8

const (
	// ClassNever causes are skipped, whatever the destination says.
	ClassNever Class = iota
	// ClassChoice causes follow consent.choice.
	ClassChoice
	// ClassDenied causes follow consent.denied.
	ClassDenied
	// ClassUnknown causes follow consent.unknown.
	ClassUnknown
)

// Class returns the setting that answers the cause.
func (c Cause) Class() Class {
	switch c {
	case GPC, DNT:
		return ClassChoice
	case DeniedPurpose:
		return ClassDenied
	case Unknown:
		return ClassUnknown
	default:
		return ClassNever
	}
}

// Causes is a set of causes.
type Causes uint16

// The causes of gate 4 and those of gate 5.
const (
	ChoiceCauses  Causes = 1<<Erased | 1<<GPC | 1<<DNT | 1<<Minor
	ConsentCauses Causes = 1<<Malformed | 1<<DeniedPurpose | 1<<SensitiveData | 1<<Expired | 1<<Unsupported | 1<<Unknown
)

// Has tells whether c is in the set.
func (s Causes) Has(c Cause) bool { return s&(1<<c) != 0 }

// With returns the set with c in it.
func (s Causes) With(c Cause) Causes { return s | 1<<c }

// First returns the cause that comes first in gate order; ok is false for the
// empty set.
func (s Causes) First() (c Cause, ok bool) {
	return Cause(bits.TrailingZeros16(uint16(s))), s != 0
}

// InClass returns the causes of s that belong to class k.
func (s Causes) InClass(k Class) Causes {
	var in Causes
	for c := range causes {
		if s.Has(c) && c.Class() == k {
			in = in.With(c)
		}
	}
	return in
}
