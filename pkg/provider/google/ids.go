package google

import (
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// maxTransactionID is Google's limit, in characters.
const maxTransactionID = 64

// claimSeparator joins transaction id and event id to an adjustment's claim.
// No transaction id holds it: control characters are refused.
const claimSeparator = "\x00"

// purchase is the one event whose transaction id Google Analytics counts once.
const purchase = "purchase"

// ids decides which transactionId counts the event once and what is claimed.
func (b *build) ids(out *provider.Built) {
	explicit := ""
	if b.in.EventIDSource == event.IDExplicit {
		explicit = b.in.EventID
	}
	own := b.e.Commerce.TransactionID
	switch {
	case b.t.adjust:
		b.adjustment(out, explicit)
	case b.a.analytics() && b.t.event != purchase:
		// Several events may belong to one transaction; each counts.
		b.tx = own
		out.ClaimID, out.DuplicateReason = b.in.EventID, decision.DuplicateEventID
		b.derived = explicit == ""
	case own != "":
		b.tx, out.ClaimID, out.DuplicateReason = own, own, decision.DuplicateTransaction
	case explicit != "":
		b.tx, out.ClaimID, out.DuplicateReason = explicit, explicit, decision.DuplicateEventID
	case !b.online && !b.a.analytics():
		b.tx, out.ClaimID, out.DuplicateReason = b.in.EventID, b.in.EventID, decision.DuplicateEventID
		b.derived = true
	}
	out.TransactionID, out.DedupRisk = b.tx, b.derived
	out.ProviderID = b.tx
	if b.a.analytics() && b.t.event != purchase {
		out.ProviderID = b.in.EventID
	}
}

// adjustment names the earlier event. The adjustment's own event id is never
// its transactionId: that would be a new conversion instead.
func (b *build) adjustment(out *provider.Built, explicit string) {
	b.tx = b.e.Original.TransactionID
	if b.tx == "" {
		b.tx = b.e.Commerce.TransactionID
	}
	if b.tx == "" {
		b.tx = b.e.Original.ID
	}
	id := explicit
	if id == "" {
		id = b.e.RecordID()
		b.derived = true
	}
	out.Adjust, out.PlainClaimID = true, b.tx
	out.ClaimID, out.DuplicateReason = b.tx+claimSeparator+id, decision.DuplicateEventID
}

// unsafeID looks at every id that may leave or be shown.
func (b *build) unsafeID() (decision.Reason, string) {
	for _, id := range [...]struct{ field, value string }{
		{"event_id", b.e.ID},
		{"commerce.transaction_id", b.e.Commerce.TransactionID},
		{"original.transaction_id", b.e.Original.TransactionID},
		{"original.event_id", b.e.Original.ID},
	} {
		// Google refuses order ids with personal data in them; an at sign is enough.
		if payload.Unsafe(b.e, id.value) || strings.IndexByte(id.value, '@') >= 0 {
			return decision.IdentifiersUnsafeID, id.field
		}
	}
	return decision.ReasonNone, ""
}

// badTransactionID says what is wrong with an id, "" where nothing is.
func badTransactionID(id string) string {
	if utf8.RuneCountInString(id) > maxTransactionID {
		return "the transaction id is longer than 64 characters"
	}
	for _, r := range id {
		if r < 0x20 || r == 0x7F || r == utf8.RuneError {
			return "the transaction id has control characters"
		}
	}
	if id != "" && identity.Placeholder(identity.AnyField, id) {
		// Sent on, it would fold all conversions into one; another id in its place
		// would count the order a second time beside the browser's tag.
		return "the transaction id is a placeholder"
	}
	return ""
}
