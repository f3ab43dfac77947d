package health

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
)

// Answer is how destinations did, and what of it needs a person. Its JSON is
// that of `sluice health --output json`.
type Answer struct {
	// At is up to when it was looked, in RFC 3339.
	At            string               `json:"at"`
	WindowSeconds float64              `json:"window_seconds"`
	Destinations  []Report             `json:"destinations"`
	Alerts        []Alert              `json:"alerts"`
	Looked        diagnostics.Searched `json:"looked_at"`

	// Now, Reports and Judged are the same for telling it to people.
	Now     time.Time       `json:"-"`
	Reports []health.Report `json:"-"`
	Judged  []health.Alert  `json:"-"`
}

// Report is one destination.
type Report struct {
	DestinationID string `json:"destination_id"`
	CustomerID    string `json:"customer_id"`
	Provider      string `json:"provider"`
	Owner         string `json:"owner"`
	Runbook       string `json:"runbook"`
	// Blind: the provider never says no; counts.delivered are events that were
	// sent to it.
	Blind        bool   `json:"blind,omitempty"`
	State        string `json:"state"`
	StateReason  string `json:"state_reason,omitempty"`
	StateMessage string `json:"state_message,omitempty"`

	// MatchQuality is out of 10; shares are out of 1. Null: too little is known.
	MatchQuality  *float64           `json:"match_quality"`
	KeyCoverage   map[string]float64 `json:"key_coverage"`
	EventCoverage *float64           `json:"event_coverage"`
	Events        []Event            `json:"events"`

	// Deduplication: events that a browser and the server both reported, the
	// share of them that the provider can recognise, and repeats held back.
	Deduplication struct {
		Both          int      `json:"both"`
		Recognisable  *float64 `json:"recognisable"`
		HeldBack      int      `json:"held_back"`
		HeldBackShare *float64 `json:"held_back_share"`
	} `json:"deduplication"`
	Recovered       int `json:"recovered"`
	ConfirmedByBoth int `json:"confirmed_by_both"`

	Freshness struct {
		LastDelivered string   `json:"last_delivered,omitempty"`
		P50MS         *int64   `json:"p50_ms"`
		P95MS         *int64   `json:"p95_ms"`
		WithinSLA     *float64 `json:"within_sla"`
	} `json:"freshness"`
	BudgetLeft *float64           `json:"error_budget_left"`
	Counts     map[string]int     `json:"counts"`
	Reasons    map[string]int     `json:"reasons"`
	Waiting    map[string]Waiting `json:"waiting"`
}

// Event is how many of the expected events of a day arrived.
type Event struct {
	Event    string  `json:"event"`
	Expected float64 `json:"expected"`
	Got      int     `json:"got"`
}

// Waiting are events that are not sent yet, the oldest since a time in RFC 3339.
type Waiting struct {
	Events int    `json:"events"`
	Oldest string `json:"oldest,omitempty"`
}

// Alert is one rule at one destination.
type Alert struct {
	Alert         string `json:"alert"`
	DestinationID string `json:"destination_id"`
	CustomerID    string `json:"customer_id"`
	Provider      string `json:"provider"`
	Owner         string `json:"owner"`
	Runbook       string `json:"runbook"`
	Firing        bool   `json:"firing"`
	Detail        string `json:"detail,omitempty"`
}

func alertOf(a health.Alert) Alert {
	return Alert{string(a.Name), a.Destination, a.Customer, a.Provider, a.Owner, a.Runbook, a.Firing, a.Detail}
}

func reportOf(r *health.Report) Report {
	c := r.Counts
	a := Report{
		DestinationID: r.Destination, CustomerID: r.Customer, Provider: r.Provider, Owner: r.Owner, Runbook: r.Runbook, Blind: r.Blind, State: r.State,
		MatchQuality: r.MatchQuality, KeyCoverage: map[string]float64{}, EventCoverage: r.Coverage, Events: []Event{},
		Recovered: c.Recovered, ConfirmedByBoth: c.Both, BudgetLeft: r.BudgetLeft,
		Counts: map[string]int{
			"eligible": c.Eligible, "delivered": c.Delivered, "browser_reported": c.Reported, "skipped": c.Skipped, "rejected": c.Rejected,
			"duplicate": c.Duplicates, "dead_lettered": c.DeadLettered, "expired": c.Expired, "revoked": c.Revoked, "shadowed": c.Shadowed,
			"retried": c.Retried, "confirmed": c.Confirmed, "refused": c.Refused, "refused_as_announced": c.Announced,
		},
		Reasons: map[string]int{},
		Waiting: map[string]Waiting{},
	}
	if r.State == r.Status.State && r.State != "open" {
		a.StateReason, a.StateMessage = r.Status.Reason.String(), r.Status.Message
	}
	for _, k := range r.KeyCoverage {
		a.KeyCoverage[k.Kind.String()] = k.Share
	}
	for _, e := range r.EventCoverage {
		a.Events = append(a.Events, Event(e))
	}
	a.Deduplication.Both, a.Deduplication.Recognisable = c.Both, r.Recognisable
	a.Deduplication.HeldBack, a.Deduplication.HeldBackShare = c.Duplicates, r.DuplicateShare
	a.Freshness.LastDelivered, a.Freshness.P50MS, a.Freshness.P95MS, a.Freshness.WithinSLA = moment(c.LastDelivered), r.P50, r.P95, r.WithinSLA
	for reason, n := range c.Reasons {
		a.Reasons[reason.String()] = n
	}
	for word, w := range map[string]health.Waiting{"queued": r.Queued, "held": r.Held, "retrying": r.Retrying, "parked": r.Parked} {
		a.Waiting[word] = Waiting{w.Events, moment(w.Oldest)}
	}
	return a
}

// moment is an epoch time (ms) in RFC 3339; "" for none.
func moment(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}
