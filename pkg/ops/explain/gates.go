package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// gatesOf lists the gates that have spoken: those that passed, with what they
// saw, and the one that failed, with why.
func gatesOf(c *gate.Case, r *gate.Result) []Gate {
	names := gate.Names()
	gates := make([]Gate, 0, len(names)+2)
	gates = append(gates, Gate{Gate: "capture", OK: true, Detail: "the event decodes"})
	for i, name := range names {
		if i < r.Passed {
			gates = append(gates, Gate{Gate: name, OK: true, Detail: seen(name, c, r)})
			continue
		}
		detail := r.Reason.Info().Sentence
		if r.Detail != "" {
			detail = strings.TrimSuffix(detail, ".") + ": " + r.Detail
		}
		return append(gates, Gate{Gate: name, Detail: detail})
	}
	return gates
}

// seen says what a gate that passed has looked at.
func seen(name string, c *gate.Case, r *gate.Result) string {
	m, d := c.Route.Mapping, c.Route.Destination
	switch name {
	case "mapping":
		return m.SourceEvent + " goes to " + m.DestinationID + " as " + m.ProviderEvent
	case "traffic":
		return c.Event.EffectiveTraffic()
	case "condition":
		if m.When == "" {
			return "no condition"
		}
		return m.When
	case "destination":
		if d.Mode == resource.ModeShadow {
			return "active in shadow mode, terms accepted by " + d.Terms.AcceptedBy
		}
		return "active, terms accepted by " + d.Terms.AcceptedBy
	case "choice":
		return restrictedFor(r, "no erasure, opt-out signal or known minor", decision.ChoiceGPC, decision.ChoiceDNT)
	case "consent":
		return restrictedFor(r, consentSeen(r), decision.ConsentDenied, decision.ConsentUnknown)
	case "identifiers":
		return identifiersSeen(r)
	case "age":
		return ageSeen(c)
	default:
		return "complete"
	}
}

// restrictedFor tells that a gate passed only because the delivery is reduced
// for one of its causes.
func restrictedFor(r *gate.Result, otherwise string, causes ...decision.Reason) string {
	if r.Facts.Restricted && slices.Contains(causes, r.Facts.Cause) {
		return "restricted because of " + r.Facts.Cause.String()
	}
	return otherwise
}

func consentSeen(r *gate.Result) string {
	b := r.Consent.Basis
	where := b.Regime.String()
	if j := b.Jurisdiction.Describe(); j != "" {
		where += " in " + j
	}
	if b.FromIdentity {
		where += " (identity.country)"
	}
	if b.Purpose == 0 {
		return where
	}
	if b.Source == consent.Nobody {
		return fmt.Sprintf("nobody has said anything about %s, %s", b.Purpose, where)
	}
	return fmt.Sprintf("%s by the %s, %s", b.Purpose, b.Source, where)
}

func identifiersSeen(r *gate.Result) string {
	ids := &r.Built.Identifiers
	words := make([]string, 0, len(ids.Present))
	for _, k := range ids.Present {
		words = append(words, k.String())
	}
	text := strings.Join(words, ", ")
	if text == "" {
		text = "none of its own"
	}
	return text + "; match quality " + strconv.FormatFloat(ids.MatchQuality, 'f', 1, 64) + " of 10 (an estimate)"
}

func ageSeen(c *gate.Case) string {
	ms := c.Now - c.Event.Time
	if ms < 0 {
		return "in time"
	}
	switch {
	case ms < 2*60_000:
		return strconv.FormatInt(ms/1000, 10) + " s old"
	case ms < 2*3600_000:
		return strconv.FormatInt(ms/60_000, 10) + " min old"
	case ms < 48*3600_000:
		return strconv.FormatInt(ms/3600_000, 10) + " h old"
	}
	return strconv.FormatInt(ms/(24*3600_000), 10) + " d old"
}
