package decision

import "fmt"

// Reason is the stable code that says why a decision was taken. Gates,
// diagnostics, metrics, logs and docs/reasons.md all use this one type.
type Reason uint8

// The reasons, in the order of the gates that give them.
const (
	ReasonNone Reason = iota

	EventUndecodable
	EventInvalid
	EventTooLarge
	EventSealed

	MappingNone
	MappingDisabled
	EventNotLive
	MappingCondition
	MappingError

	DestinationInactive
	DestinationInvalid
	DestinationNoCredentials
	DestinationTermsNotAccepted

	ConsentErased
	ChoiceGPC
	ChoiceDNT
	ChoiceMinor

	ConsentMalformed
	ConsentDenied
	ConsentSensitive
	ConsentExpired
	ConsentUnsupported
	ConsentUnknown

	IdentifiersNone
	IdentifiersInsufficient
	IdentifiersUnsafeID

	ProviderTooOld
	ProviderInFuture
	ProviderDedupWindowPassed
	ProviderValueMissing
	ProviderCurrencyMissing
	ProviderCurrencyInvalid
	ProviderURLMissing
	ProviderUserAgentMissing
	ProviderSourceMissing
	ProviderActionMissing
	ProviderTransactionIDMissing
	ProviderAppDataMissing
	ProviderUnsupportedEvent
	ProviderFieldInvalid

	DuplicateEventID
	DuplicateTransaction
	DuplicateDelivered
	DuplicateSuperseded
	DuplicateUnknown

	Eligible

	ReasonDelivered
	ConsentRevoked
	DestinationPaused
	DestinationChanged
	CredentialsMissing
	CredentialsInvalid
	ProviderThrottled
	ProviderUnavailable
	ProviderRejected
	ProviderMisconfigured
	ProviderOutcomeUnknown
	SourceLost
	SourceRecreated

	VerdictConfirmed
	VerdictRefused
	VerdictConsentDenied
	VerdictUnmatched
	reasonCount
)

// String gives the code, such as consent.unknown.
func (r Reason) String() string {
	if r < reasonCount {
		return reasonRows[r].Code
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// Info is what is known about a reason wherever it occurs.
type Info struct {
	Reason Reason
	Code   string
	// Status is what the router makes of it. Statuses that a policy can
	// change (held, restricted) name the default.
	Status Status
	// Gate names the row of the gate table that gives the reason, or the
	// stage for reasons that no gate gives.
	Gate string
	// Sentence says it to a person.
	Sentence string
	// Fix says what an operator can do about it; empty when nothing is wrong.
	Fix string
}

// Info returns the row of r.
func (r Reason) Info() Info {
	if r < reasonCount {
		row := reasonRows[r]
		row.Reason = r
		return row
	}
	return Info{Reason: r, Code: r.String()}
}

// Reasons lists every reason in gate order.
func Reasons() []Reason {
	all := make([]Reason, 0, reasonCount-1)
	for r := EventUndecodable; r < reasonCount; r++ {
		all = append(all, r)
	}
	return all
}

// ParseReason reads a code.
func ParseReason(code string) (Reason, error) {
	for r := EventUndecodable; r < reasonCount; r++ {
		if reasonRows[r].Code == code {
			return r, nil
		}
	}
	return ReasonNone, fmt.Errorf("parsing reason %q: not one of the codes in docs/reasons.md", code)
}
