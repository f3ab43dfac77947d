package boot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
)

// Sent is one event of a subject that was handed over, or still waits to be.
type Sent struct {
	Time        time.Time
	Destination string
	Provider    string
	SourceEvent string
	EventID     string
	Target      string
	// State is delivered or pending; failed where the provider took it and
	// refused it later.
	State history.State

	delivered bool
}

// ErrNoPrivacyKey says that diagnostics do not tell subjects apart, because no
// key was set with which they are hashed.
var ErrNoPrivacyKey = errors.New("no privacy.key is set, so diagnostics name no subjects")

// SentOf lists what was sent of a subject, and what still waits, as far back as
// the diagnostics are kept.
func (e *Env) SentOf(ctx context.Context, s Subject) ([]Sent, error) {
	recorder, err := e.recorder()
	if err != nil {
		return nil, err
	}
	hash := recorder.Pseudonym.Subject(s.Customer, s.ID)
	if hash == "" {
		return nil, ErrNoPrivacyKey
	}
	var fold history.Fold
	var keys []history.Key
	rows := map[history.Key]*Sent{}
	err = e.EachDecision(ctx, time.Time{}, func(d *decision.Decision) {
		if d.SubjectHash != hash {
			return
		}
		fold.Add(d)
		k := history.KeyOf(d.DestinationID, d.Mapping, d.EventID)
		row := rows[k]
		if row == nil {
			row = &Sent{
				Destination: strings.Clone(d.DestinationID), Provider: strings.Clone(d.Provider), SourceEvent: strings.Clone(d.SourceEvent),
				EventID: strings.Clone(d.EventID), Target: strings.Clone(d.Target),
			}
			rows[k] = row
			keys = append(keys, k)
		}
		if d.Status == decision.Delivered || row.Time.IsZero() {
			row.Time, row.delivered = time.UnixMilli(d.Time), row.delivered || d.Status == decision.Delivered
		}
	})
	if err != nil {
		return nil, err
	}
	var all []Sent
	for _, k := range keys {
		row, state := rows[k], fold.Of(k).State
		if row.delivered || state == history.Delivered || state == history.Pending {
			row.State = state
			all = append(all, *row)
		}
	}
	return all, nil
}
