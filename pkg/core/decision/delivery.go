package decision

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// Delivery is an eligible event, minimised and hashed, with the provider's
// JSON for it, waiting to be sent. The router (or a replay) encodes it once;
// every later hop copies the record's bytes, so retries are byte-identical by
// construction. What changes between hops stands in headers (codec/header.go).
type Delivery struct {
	Facts Facts

	Provider string
	Lane     Lane
	Target   string
	// Group separates deliveries that may not share a request although they
	// go to one destination (Google: the conversion action).
	Group string
	// Payload is the provider's JSON for this event, exactly as it will stand
	// in a request.
	Payload []byte
	// MaxWaitMS is how long the batch lane may hold it back.
	MaxWaitMS int64
	// NotBefore is the earliest useful attempt (Google's click age), epoch
	// ms, zero for none.
	NotBefore int64

	EventID       string
	EventIDSource event.IDSource
	// ProviderID is the id by which the provider counts the event once:
	// event_id at Meta, transactionId at Google. A batch never holds one twice.
	ProviderID    string
	TransactionID string
	SourceEvent   string
	Value         event.Opt[float64]
	Currency      string

	// Claim, owner and window as the router took them. AlsoKey is the second
	// claim of a destination that also deduplicates by transaction, zero where
	// there is none; it has the same owner and window, and what is done to one
	// is done to both.
	ClaimKey      [16]byte
	AlsoKey       [16]byte
	ClaimOwner    int64
	ClaimWindowMS int64
	// Adjust marks an adjustment of an earlier event with the same provider
	// id; PlainKey is that event's claim, NewestKey holds the newest event
	// time sent for the transaction.
	Adjust    bool
	PlainKey  [16]byte
	NewestKey [16]byte

	// Consent is the audit trail of the router's decision; the sender's
	// diagnostics repeat it.
	Consent         consent.Basis
	Said            consent.State
	Identifiers     IdentifierStatus
	BrowserReported event.Opt[bool]
	DedupRisk       bool
	// ResendUnsafe: the provider does not recognise a second copy.
	ResendUnsafe bool
	RoutedAt     int64

	Source             event.Coordinates
	DestinationVersion string
	MappingVersion     string
	ReplayID           string
}
