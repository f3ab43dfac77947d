package decision

import (
	"fmt"
	"math/bits"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// Decision is one published outcome: a record of the diagnostics topic, free
// of personal data by construction. Its field names are those of
// schemas/diagnostic.avsc. Times are epoch milliseconds, zero means absent.
type Decision struct {
	// ID is the same for every copy of the same decision; consumers drop
	// repeats by it. See NewID.
	ID      string
	Time    int64
	Stage   Stage
	Status  Status
	Reason  Reason
	Message string // what happened here, in words and without personal data

	CustomerID    string
	DestinationID string
	Mapping       string
	Provider      string
	Lane          Lane
	SourceEvent   string
	Target        string // the provider event, or the conversion action
	EventID       string // shown hashed where it looks like personal data
	EventIDSource event.IDSource
	TransactionID string
	Value         event.Opt[float64]
	Currency      string
	EventTime     int64

	SubjectHash  string // keyed hash
	SubjectKeyID string

	Consent     consent.Basis
	Said        consent.State // what somebody said, per purpose
	Restricted  bool
	Identifiers IdentifierStatus

	Attempts          int32
	HTTPStatus        int32
	ProviderCode      string
	ProviderSubcode   string
	ProviderMessage   string // redacted
	ProviderRequestID string
	Warnings          []string
	NextAttempt       int64
	// Latencies in milliseconds: the record's append to the decision, and the
	// provider's own time.
	LatencyMS         int64
	ProviderLatencyMS int64
	DuplicateOf       string // coordinates of the first
	Recovered         bool   // found delivered by its own mark after a crash

	Source event.Coordinates
	// ClaimKey, AlsoKey and ClaimWindowMS let a rebuild restore the claims.
	ClaimKey      [16]byte
	AlsoKey       [16]byte // zero: none
	ClaimWindowMS int64

	DestinationVersion string
	MappingVersion     string
	AppVersion         string
	ReplayID           string
	BrowserReported    event.Opt[bool]
	DedupRisk          bool
	// Events is how many events of a request the decision is about, where it
	// has no EventID; 0: the provider gave no number. About one event: 0.
	Events int32
}

// IdentifierStatus says which identifiers an event had for a destination.
type IdentifierStatus struct {
	Present []Kind
	Dropped []Dropped
	// UnsafeDropped counts values that looked like personal data where none
	// belongs and were left out.
	UnsafeDropped int32
	// Warnings counts identifiers that were passed on although they look
	// odd, such as a click id whose time lies in the future; Notes names them.
	Warnings int32
	// MatchQuality is an estimate from 0 to 10; the providers publish no
	// formula.
	MatchQuality float64
	// Notes name what was left out, changed or looks odd, by path.
	Notes event.Notes
}

// Dropped is one identifier that was present in the event and left out.
type Dropped struct {
	Kind   Kind
	Reason DropReason
}

// DropReason says why an identifier was left out.
type DropReason string

// The reasons for leaving an identifier out.
const (
	DropNotAllowed  DropReason = "not_allowed" // the destination's list leaves it out
	DropConsent     DropReason = "consent"     // a purpose that it needs is not given
	DropInvalid     DropReason = "invalid"     // no rule of the provider makes it usable
	DropIncomplete  DropReason = "incomplete"  // useless without a part that is missing
	DropRegion      DropReason = "region"      // not allowed where the subject is
	DropRestricted  DropReason = "restricted"  // left out because the delivery is restricted
	DropUnsupported DropReason = "unsupported" // the provider has no use for it here
	DropLimit       DropReason = "limit"       // over the provider's number of values
)

// Kind is a kind of identifier, the vocabulary of a destination's
// identifiers list.
type Kind uint8

// The kinds.
const (
	KindEmail Kind = iota
	KindPhone
	KindName
	KindAddress
	KindDateOfBirth
	KindGender
	KindExternalID
	KindClickID
	KindBrowserID
	KindIP
	KindUserAgent
	KindAdvertisingID
	KindLeadID
	KindSubscriptionID
	KindLoginID
	KindCount
)

var kindNames = [KindCount]string{
	"email", "phone", "name", "address", "date_of_birth", "gender", "external_id", "click_id",
	"browser_id", "ip", "user_agent", "advertising_id", "lead_id", "subscription_id", "login_id",
}

// String gives the word used in resources and diagnostics.
func (k Kind) String() string {
	if k < KindCount {
		return kindNames[k]
	}
	return "kind(?)"
}

// ParseKind reads the word that String gives.
func ParseKind(word string) (Kind, bool) {
	for i, name := range kindNames {
		if name == word {
			return Kind(i), true
		}
	}
	return 0, false
}

// KindSet is a set of kinds.
type KindSet uint32

// Has reports whether k is in s.
func (s KindSet) Has(k Kind) bool { return s&(1<<k) != 0 }

// With returns s and k.
func (s KindSet) With(k Kind) KindSet { return s | 1<<k }

// Kinds builds a set.
func Kinds(kinds ...Kind) KindSet {
	var s KindSet
	for _, k := range kinds {
		s = s.With(k)
	}
	return s
}

// List gives the kinds of s in order.
func (s KindSet) List() []Kind {
	if s == 0 {
		return nil
	}
	list := make([]Kind, 0, bits.OnesCount32(uint32(s)))
	for k := KindEmail; k < KindCount; k++ {
		if s.Has(k) {
			list = append(list, k)
		}
	}
	return list
}

// AllKinds is every kind.
const AllKinds = KindSet(1<<KindCount - 1)

// Names gives the words of the kinds in s.
func (s KindSet) Names() []string {
	names := make([]string, 0, KindCount)
	for _, k := range s.List() {
		names = append(names, k.String())
	}
	return names
}

// ParseKinds reads words into a set; its error names the first that is none.
func ParseKinds(words []string) (KindSet, error) {
	var set KindSet
	for _, word := range words {
		k, ok := ParseKind(word)
		if !ok {
			return 0, fmt.Errorf("reading kinds of identifiers: %q is none", word)
		}
		set = set.With(k)
	}
	return set, nil
}
