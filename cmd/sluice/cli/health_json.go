package cli

import (
	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
)

type healthAnswer struct {
	At            string               `json:"at"`
	WindowSeconds float64              `json:"window_seconds"`
	Destinations  []reportAnswer       `json:"destinations"`
	Alerts        []alertAnswer        `json:"alerts"`
	Looked        diagnostics.Searched `json:"looked_at"`
}

type reportAnswer struct {
	DestinationID string `json:"destination_id"`
	CustomerID    string `json:"customer_id"`
	Provider      string `json:"provider"`
	Owner         string `json:"owner"`
	Runbook       string `json:"runbook"`
	State         string `json:"state"`
	StateReason   string `json:"state_reason,omitempty"`
	StateMessage  string `json:"state_message,omitempty"`

	MatchQuality  *float64           `json:"match_quality"`
	KeyCoverage   map[string]float64 `json:"key_coverage"`
	EventCoverage *float64           `json:"event_coverage"`
	Events        []eventAnswer      `json:"events"`

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
	BudgetLeft *float64                 `json:"error_budget_left"`
	Counts     map[string]int           `json:"counts"`
	Reasons    map[string]int           `json:"reasons"`
	Waiting    map[string]waitingStatus `json:"waiting"`
}

type eventAnswer struct {
	Event    string  `json:"event"`
	Expected float64 `json:"expected"`
	Got      int     `json:"got"`
}

type waitingStatus struct {
	Events int    `json:"events"`
	Oldest string `json:"oldest,omitempty"`
}

type alertAnswer struct {
	Alert         string `json:"alert"`
	DestinationID string `json:"destination_id"`
	CustomerID    string `json:"customer_id"`
	Provider      string `json:"provider"`
	Owner         string `json:"owner"`
	Runbook       string `json:"runbook"`
	Firing        bool   `json:"firing"`
	Detail        string `json:"detail,omitempty"`
}

func healthJSON(h *boot.Health) healthAnswer {
	a := healthAnswer{
		At: moment(h.At.UnixMilli()), WindowSeconds: h.Span.Seconds(), Destinations: []reportAnswer{}, Alerts: []alertAnswer{}, Looked: h.Looked,
	}
	for i := range h.Reports {
		a.Destinations = append(a.Destinations, reportJSON(&h.Reports[i]))
	}
	for _, alert := range h.Alerts {
		a.Alerts = append(a.Alerts, alertAnswer{
			string(alert.Name), alert.Destination, alert.Customer, alert.Provider, alert.Owner, alert.Runbook, alert.Firing, alert.Detail,
		})
	}
	return a
}

func reportJSON(r *health.Report) reportAnswer {
	c := r.Counts
	a := reportAnswer{
		DestinationID: r.Destination, CustomerID: r.Customer, Provider: r.Provider, Owner: r.Owner, Runbook: r.Runbook, State: r.State,
		MatchQuality: r.MatchQuality, KeyCoverage: map[string]float64{}, EventCoverage: r.Coverage, Events: []eventAnswer{},
		Recovered: c.Recovered, ConfirmedByBoth: c.Both, BudgetLeft: r.BudgetLeft,
		Counts: map[string]int{
			"eligible": c.Eligible, "delivered": c.Delivered, "browser_reported": c.Reported, "skipped": c.Skipped, "rejected": c.Rejected,
			"duplicate": c.Duplicates, "dead_lettered": c.DeadLettered, "expired": c.Expired, "revoked": c.Revoked, "shadowed": c.Shadowed,
			"retried": c.Retried, "confirmed": c.Confirmed, "refused": c.Refused, "refused_as_announced": c.Announced,
		},
		Reasons: map[string]int{},
		Waiting: map[string]waitingStatus{},
	}
	if r.State == r.Status.State && r.State != "open" {
		a.StateReason, a.StateMessage = r.Status.Reason.String(), r.Status.Message
	}
	for _, k := range r.KeyCoverage {
		a.KeyCoverage[k.Kind.String()] = k.Share
	}
	for _, e := range r.EventCoverage {
		a.Events = append(a.Events, eventAnswer(e))
	}
	a.Deduplication.Both, a.Deduplication.Recognisable = c.Both, r.Recognisable
	a.Deduplication.HeldBack, a.Deduplication.HeldBackShare = c.Duplicates, r.DuplicateShare
	a.Freshness.LastDelivered, a.Freshness.P50MS, a.Freshness.P95MS, a.Freshness.WithinSLA = moment(c.LastDelivered), r.P50, r.P95, r.WithinSLA
	for reason, n := range c.Reasons {
		a.Reasons[reason.String()] = n
	}
	for word, w := range map[string]health.Waiting{"queued": r.Queued, "held": r.Held, "retrying": r.Retrying, "parked": r.Parked} {
		a.Waiting[word] = waitingStatus{w.Events, moment(w.Oldest)}
	}
	return a
}
