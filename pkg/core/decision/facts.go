package decision

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Facts is all that a recheckable gate may see. The router fills it once and the
// delivery carries it verbatim, so a gate cannot work in the router and fail
// in the sender. Times are epoch milliseconds.
type Facts struct {
	Customer      string
	Subject       identity.Raw
	DestinationID string
	Mapping       string // name of the mapping record
	// Account is the fingerprint of the account that the delivery was built
	// for: another one today means that the bytes must not be sent there.
	Account   string
	EventTime int64
	// StoredAt is when the broker stored the input record; client clocks are
	// never believed beyond it.
	StoredAt int64

	// Place is where the event happened and where the subject's declared
	// address is. The stricter of the two rules applies.
	Place consent.Place
	// Snapshot is the event's own consent statement, with TCF and GPP read.
	Snapshot consent.Statement
	Needs    consent.Needs
	// Restricted says that the bytes were reduced because of Cause.
	Restricted bool
	Cause      Reason
	// ReliesOn are the purposes that the delivery's bytes depend on.
	ReliesOn consent.PurposeSet

	// NotAfter is the provider's age limit for this event, zero for none.
	NotAfter int64
	// AgedSince is what NotAfter counts from where that is not the event: the
	// click, epoch milliseconds; zero: the event.
	AgedSince int64
	// FutureTolerance is how far ahead of the clock the event time may lie.
	FutureTolerance int64
	// DedupUntil is when the provider stops recognising a browser's copy of
	// this event, zero where no browser reports it.
	DedupUntil int64
	// PastDedupWindow is a replay's named choice to send all the same.
	PastDedupWindow bool
}
