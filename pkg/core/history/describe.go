package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
)

// Gates are the gates in the order in which they decide, as reasons name them.
func Gates() []string {
	var names []string
	for _, r := range decision.Reasons() {
		gate := r.Info().Gate
		if gate == decision.Eligible.Info().Gate {
			return names
		}
		if len(names) == 0 || names[len(names)-1] != gate {
			names = append(names, gate)
		}
	}
	return names
}

// Passed gives the gates that an event had passed when the decision was taken,
// and the one that it failed; failed is empty where it passed all. ok is false
// for decisions that no gate takes, such as a sender's about an answer.
func Passed(d *decision.Decision) (passed []string, failed string, ok bool) {
	if d.Stage == decision.StageSender || d.Stage == decision.StageVerdict {
		return nil, "", false
	}
	names := Gates()
	if d.Reason == decision.Eligible {
		return names, "", true
	}
	for i, name := range names {
		if name == d.Reason.Info().Gate {
			return names[:i], name, true
		}
	}
	return nil, "", false
}

// Describe says in words what one decision did.
func Describe(d *decision.Decision) string {
	switch {
	case d.Status == decision.Queued:
		return "every gate passed; queued in the " + d.Lane.String() + " lane"
	case d.Status == decision.Shadowed:
		return "every gate passed; not sent, because the destination is in shadow mode"
	case d.Status == decision.Delivered && d.Recovered:
		return "found delivered by its own mark, after a crash"
	case d.Status == decision.Delivered:
		return attempt(d) + "delivered"
	case d.Stage == decision.StageSender:
		return attempt(d) + ended(d)
	default:
		return ended(d)
	}
}

func attempt(d *decision.Decision) string {
	if d.Attempts == 0 || d.HTTPStatus == 0 && d.ProviderLatencyMS == 0 {
		return ""
	}
	return "attempt " + strconv.Itoa(int(d.Attempts)) + ": "
}

var outcomes = map[decision.Status]string{
	decision.Skipped: "not sent", decision.Held: "held", decision.Rejected: "not sent: the provider would refuse it", decision.Duplicate: "not sent again",
	decision.DeadLettered: "dead-lettered", decision.Retrying: "will be tried again", decision.Parked: "parked", decision.Expired: "expired, not sent",
	decision.Revoked: "not sent any more", decision.Confirmed: "confirmed", decision.Refused: "refused later",
}

func ended(d *decision.Decision) string {
	text, ok := outcomes[d.Status]
	if !ok {
		text = d.Status.String()
	}
	message := d.Message
	if message == "" {
		message = d.Reason.Info().Sentence
	}
	if message != "" {
		text += ": " + message
	}
	if d.DuplicateOf != "" {
		text += " The first is record " + d.DuplicateOf + "."
	}
	return text
}

// Answer says in words what the provider answered; empty where it was not
// asked.
func Answer(d *decision.Decision) string {
	var parts []string
	if d.HTTPStatus != 0 {
		parts = append(parts, "HTTP "+strconv.Itoa(int(d.HTTPStatus)))
	}
	if code := d.ProviderCode; code != "" {
		if d.ProviderSubcode != "" {
			code += "/" + d.ProviderSubcode
		}
		parts = append(parts, "code "+code)
	}
	if d.ProviderLatencyMS > 0 {
		parts = append(parts, "after "+(time.Duration(d.ProviderLatencyMS)*time.Millisecond).String())
	}
	if d.ProviderRequestID != "" {
		parts = append(parts, "request "+d.ProviderRequestID)
	}
	text := strings.Join(parts, ", ")
	if d.ProviderMessage != "" {
		if text != "" {
			text += ": "
		}
		text += strconv.Quote(d.ProviderMessage)
	}
	return text
}

// ConsentBasis says in words what the consent decision rests on, and what
// somebody said for each purpose.
func ConsentBasis(d *decision.Decision) (basis, said string) {
	b := &d.Consent
	var text strings.Builder
	switch b.Source {
	case consent.FromRecord:
		text.WriteString("the consent record" + made(b.At) + fmt.Sprintf(" (offset %d)", b.Offset))
	case consent.Snapshot:
		text.WriteString("the event's own statement" + made(b.At))
	default:
		text.WriteString("nobody's statement")
	}
	text.WriteString(" under " + strings.ReplaceAll(b.Regime.String(), "_", "-") + " rules")
	if place := b.Jurisdiction.Describe(); place != "" {
		text.WriteString(" of " + place)
	}
	if b.FromIdentity {
		text.WriteString(" (by the declared address)")
	}
	if b.PolicyID != "" {
		text.WriteString(", policy " + strings.TrimSpace(b.PolicyID+" "+b.PolicyVersion))
	}
	if b.Purpose != 0 {
		text.WriteString(", purpose " + b.Purpose.String())
	}
	if d.Restricted {
		text.WriteString("; restricted")
	}
	var words []string
	for p := range consent.AllPurposes.All() {
		if state := d.Said.Get(p); state != consent.NotGiven {
			words = append(words, p.String()+" "+state.String())
		}
	}
	return text.String(), strings.Join(words, ", ")
}

func made(at int64) string {
	if at == 0 {
		return ""
	}
	return " of " + time.UnixMilli(at).UTC().Format("2006-01-02 15:04:05")
}

// IdentifiersOf says in words which identifiers went along and which did not.
func IdentifiersOf(d *decision.Decision) string {
	ids := &d.Identifiers
	var names []string
	for _, k := range ids.Present {
		names = append(names, k.String())
	}
	text := strings.Join(names, ", ")
	if text == "" {
		text = "none"
	}
	for i, drop := range ids.Dropped {
		if i == 0 {
			text += "; left out "
		} else {
			text += ", "
		}
		text += drop.Kind.String() + " (" + strings.ReplaceAll(string(drop.Reason), "_", " ") + ")"
	}
	if ids.UnsafeDropped > 0 {
		text += "; " + strconv.Itoa(int(ids.UnsafeDropped)) + " unsafe values left out"
	}
	for _, n := range ids.Notes {
		text += "; " + n.Sentence()
	}
	return text + "; match quality " + strconv.FormatFloat(ids.MatchQuality, 'f', 1, 64) + " of 10 (an estimate)"
}
