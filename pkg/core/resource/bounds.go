package resource

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// Bounds are what an account takes of mappings at all, whatever their events:
// a mapping beyond them would be applied, and no event would ever pass.
type Bounds struct {
	// MaxWaitMS is for how long after its time an event is of use, and WaitFix
	// what else would make a longer wait possible. Zero: for ever.
	MaxWaitMS int64
	WaitFix   string
	// Numbers and Texts are the computed fields that must give one.
	Numbers, Texts []string
}

// Bounded is an Account that has bounds.
type Bounded interface{ Bounds() Bounds }

// bounds holds one record against its account's. Only what is being applied is
// held against them: what runs already goes on as it did.
func (l *loader) bounds(m *Mapping, p *Program, e *Endpoint) []Problem {
	account, ok := e.Account.(Bounded)
	if !ok {
		return nil
	}
	var problems []Problem
	b := account.Bounds()
	if b.MaxWaitMS > 0 && m.MaxWaitMS >= b.MaxWaitMS {
		problems = append(problems, Problem{
			Path: "max_wait", Value: document.FormatMilliseconds(m.MaxWaitMS),
			Rule: "must be shorter than " + document.FormatMilliseconds(b.MaxWaitMS) + ", after which " + e.Destination.Provider + " does not take or does not recognise the event",
			Fix:  strings.TrimSpace("wait for minutes or hours" + b.WaitFix),
		})
	}
	if p == nil {
		return problems
	}
	for _, x := range p.fields {
		name, out := strings.TrimPrefix(x.name, "fields."), x.ast.OutputType()
		rule, fix := "", ""
		switch kind := out.Kind(); {
		case kind == types.DynKind:
		case slices.Contains(b.Numbers, name) && (kind == types.StringKind || kind == types.BoolKind):
			rule, fix = "must give a number", "write a number without quotes, or convert with double()"
		case slices.Contains(b.Texts, name) && kind != types.StringKind:
			rule, fix = "must give text", "write text in quotes inside the expression, \"'EUR'\", or convert with string()"
		}
		if rule != "" {
			problems = append(problems, Problem{Path: x.name, Rule: rule + ", gives " + cel.FormatCELType(out), Value: document.Quoted(m.Fields[name]), Fix: fix})
		}
	}
	return problems
}

// CheckNames holds the customers that desired names against all that would be
// applied. A policy of a customer that owns no destination decides nothing; a
// destination of a new customer that is spelt nearly like a known one may get
// none of its events.
func CheckNames(current, desired *Resources, prune bool) []Problem {
	owners := map[string]int{}
	for _, d := range Merge(current, desired, prune).Destinations {
		owners[d.Customer]++
	}
	var problems []Problem
	add := func(resource string, p Problem) {
		p.Path, p.Resource = "metadata.customer", resource
		problems = append(problems, desired.locate(p))
	}
	for _, p := range desired.Policies {
		if p.Customer == "" || owners[p.Customer] > 0 {
			continue
		}
		fix := "apply the customer's destinations with it, or correct the name"
		if near := document.Nearest(p.Customer, sortedKeys(owners)); near != "" {
			fix = "did you mean " + near + "?"
		}
		add(resourceID(KindPolicy, p.ID), Problem{Rule: "must be a customer that owns a destination", Value: document.Quoted(p.Customer), Fix: fix})
	}
	known := map[string]bool{}
	for _, d := range current.Destinations {
		known[d.Customer] = true
	}
	for _, d := range desired.Destinations {
		if near := document.Nearest(d.Customer, sortedKeys(known)); near != "" && !known[d.Customer] {
			add(resourceID(KindDestination, d.ID), Problem{
				Rule: "is a new customer, spelt nearly like " + near, Value: document.Quoted(d.Customer), Warning: true,
				Fix: "write " + near + ", if that is meant: events name their customer",
			})
		}
	}
	return problems
}

// CheckTerms refuses terms that are accepted on a day that has not begun
// anywhere on earth: nobody has accepted them, and events would leave.
func CheckTerms(desired *Resources, now time.Time) []Problem {
	const eastmost = 14 * time.Hour
	today := now.UTC().Add(eastmost).Format(time.DateOnly)
	var problems []Problem
	for _, d := range desired.Destinations {
		if d.Terms.AcceptedAt > today {
			problems = append(problems, desired.locate(Problem{
				Resource: resourceID(KindDestination, d.ID), Path: "spec.terms.accepted_at", Rule: "must not be in the future", Value: document.Quoted(d.Terms.AcceptedAt),
				Fix: "write the day on which the terms were accepted",
			}))
		}
	}
	return problems
}
