package sandbox

import (
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Report is what the sandbox itself saw, independent of the senders.
type Report struct {
	Started   time.Time                 `json:"started"` // of the faults' clock
	Providers map[string]ProviderReport `json:"providers"`
	Faults    map[string]int            `json:"faults"` // requests hit, by rule name
}

// ProviderReport are the counts of one provider.
type ProviderReport struct {
	ledger.Totals
	Requests   int            `json:"requests"`   // HTTP requests of every operation
	Operations map[string]int `json:"operations"` // HTTP requests by operation
	Statuses   map[string]int `json:"statuses"`   // answers by HTTP status; "cut" for none
	// Stats is what a provider's fake counts besides.
	Stats map[string]int64 `json:"stats,omitempty"`
}

// Report sums up. It walks all ids, so it is not for tight loops.
func (s *Sandbox) Report() Report {
	r := Report{Providers: map[string]ProviderReport{}, Faults: s.script.hits()}
	for _, f := range s.fakes {
		name := f.Name()
		p := ProviderReport{Totals: f.Ledger().Totals(), Operations: map[string]int{}, Statuses: map[string]int{}}
		if counts, ok := f.(call.Counts); ok {
			p.Stats = counts.Stats()
		}
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

// Event gives what is known about one event, by what its provider calls a
// destination, a target and an id; nothing where the provider has no fake.
func (s *Sandbox) Event(provider, destination, target, id string) ledger.Count {
	f := s.fake(provider)
	if f == nil {
		return ledger.Count{}
	}
	return f.Ledger().Count(f.Event(destination, target, id))
}
