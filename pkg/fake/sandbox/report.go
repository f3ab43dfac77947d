package sandbox

import (
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/google"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/meta"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/webhook"
)

// Report is what the sandbox itself saw, independent of the senders.
type Report struct {
	Started   time.Time                 `json:"started"` // of the faults' clock
	Providers map[string]ProviderReport `json:"providers"`
	Faults    map[string]int            `json:"faults"` // requests hit, by rule name
	MetaStats meta.Stats                `json:"meta_stats"`
}

// ProviderReport are the counts of one provider.
type ProviderReport struct {
	ledger.Totals
	Requests   int            `json:"requests"`   // HTTP requests of every operation
	Operations map[string]int `json:"operations"` // HTTP requests by operation
	Statuses   map[string]int `json:"statuses"`   // answers by HTTP status; "cut" for none
}

// Report sums up. It walks all ids, so it is not for tight loops.
func (s *Sandbox) Report() Report {
	r := Report{Providers: map[string]ProviderReport{}, Faults: s.script.hits(), MetaStats: s.meta.Stats()}
	for name, book := range s.books {
		p := ProviderReport{Totals: book.Totals(), Operations: map[string]int{}, Statuses: map[string]int{}}
		s.mu.Lock()
		if t := s.seen[name]; t != nil {
			p.Requests = t.requests
			for k, v := range t.operations {
				p.Operations[k] = v
			}
			for k, v := range t.statuses {
				p.Statuses[k] = v
			}
		}
		r.Started = s.start
		s.mu.Unlock()
		r.Providers[name] = p
	}
	return r
}

// MetaEvent gives what is known about one event of a dataset.
func (s *Sandbox) MetaEvent(dataset, eventName, eventID string) ledger.Count {
	return s.books[Meta].Count(meta.Event(dataset, eventName, eventID))
}

// WebhookEvent gives what is known about one event of an endpoint, which is its
// host and path.
func (s *Sandbox) WebhookEvent(endpoint, eventName, eventID string) ledger.Count {
	return s.books[Webhook].Count(webhook.Event(endpoint, eventName, eventID))
}

// GoogleEvent gives what is known about one transaction of a conversion action
// of a Google Ads customer.
func (s *Sandbox) GoogleEvent(customer, action, transactionID string) ledger.Count {
	return s.books[Google].Count(google.Event(customer, action, transactionID))
}
