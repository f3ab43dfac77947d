package payload

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// why says a reason for leaving an identifier out in a message.
var why = map[decision.DropReason]string{
	decision.DropNotAllowed: "not in the destination's identifiers", decision.DropConsent: "a purpose that it needs is not granted",
	decision.DropInvalid: "invalid", decision.DropIncomplete: "incomplete", decision.DropRegion: "not allowed where the subject is",
	decision.DropRestricted: "left out because the delivery is restricted", decision.DropUnsupported: "of no use there", decision.DropLimit: "over the limit",
}

// Removed adds to a message which identifiers were there and were left out: what
// a gate has removed is not missing.
func Removed(dropped []decision.DropReason, message string) string {
	var b strings.Builder
	b.WriteString(message)
	first := true
	for k, reason := range dropped {
		if reason == "" {
			continue
		}
		if first {
			b.WriteString("; left out: ")
		} else {
			b.WriteString(", ")
		}
		first = false
		b.WriteString(decision.Kind(k).String() + " (" + why[reason] + ")")
	}
	return b.String()
}

// ClickNote is what is noted about a click id that is none.
func ClickNote(f click.Fault) event.NoteCode {
	if f == click.Placeholder {
		return event.NotePlaceholder
	}
	return event.NoteInvalid
}

// Currency is the event's currency, empty where it stands for no value.
func Currency(e *event.Event) string {
	if identity.Placeholder(identity.AnyField, e.Commerce.Currency) {
		return ""
	}
	return e.Commerce.Currency
}
