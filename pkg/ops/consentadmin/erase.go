package consentadmin

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Sent is one event of a subject that was handed over, or still waits to be.
type Sent struct {
	Time        string `json:"time"` // RFC 3339
	Destination string `json:"destination_id"`
	Provider    string `json:"provider"`
	SourceEvent string `json:"source_event"`
	Target      string `json:"target"`
	EventID     string `json:"event_id"`
	// State is sent, waiting or stopped; "sent, refused later" where the
	// provider took it and refused it later.
	State string `json:"state"`
}

// sent is a Sent that is being counted.
type sent struct {
	Sent
	at        time.Time
	delivered bool
}

// stateWord says what became of an event of the subject.
func stateWord(s history.State, erased bool) string {
	switch {
	case s == history.Failed:
		return "sent, refused later"
	case s == history.Pending && erased:
		return "stopped"
	case s == history.Pending:
		return "waiting"
	}
	return "sent"
}

// ErrNoPrivacyKey says that diagnostics do not tell subjects apart, because no
// key was set with which they are hashed.
var ErrNoPrivacyKey = errors.New("no privacy.key is set, so diagnostics name no subjects")

// EraseRequest says whose data nothing may happen with any more.
type EraseRequest struct {
	Subject
	Author Author
	// DryRun lists and writes nothing.
	DryRun bool
	// Erased is told that the erasure stands, before what was sent is read.
	// Optional.
	Erased func()
}

// EraseAnswer is what was sent of a subject. Its JSON is that of `sluice consent
// erase --output json`.
type EraseAnswer struct {
	Erased bool `json:"erased"`
	// Keys is how many sealed letters nobody opens any more.
	Keys   int    `json:"keys_destroyed"`
	Events []Sent `json:"events"`
}

// Erase stops everything of a subject, destroys the keys of what is kept of the
// subject's events, and then lists what was sent and what
// waited, as far back as the diagnostics are kept. It fails with ErrNoPrivacyKey
// where they name no subjects; the erasure stands then.
func (a *Admin) Erase(ctx context.Context, q EraseRequest) (EraseAnswer, error) {
	answer := EraseAnswer{Erased: !q.DryRun}
	if !q.DryRun {
		record := consent.Record{UpdatedAt: a.deps.Now().UnixMilli(), Erased: true}
		if err := a.write(ctx, q.Author, codec.SubjectRecord{CustomerID: q.Customer, SubjectID: q.ID, Record: record}); err != nil {
			return EraseAnswer{}, err
		}
		if q.Erased != nil {
			q.Erased()
		}
		var err error
		if answer.Keys, err = a.destroyKeys(ctx, q.Author, map[string]bool{q.key(): true}); err != nil {
			return answer, err
		}
	}
	var err error
	answer.Events, err = a.sentOf(ctx, q.Subject, !q.DryRun)
	return answer, err
}

// sentOf lists what was sent of a subject, and what still waits, as far back as
// the diagnostics are kept.
func (a *Admin) sentOf(ctx context.Context, s Subject, erased bool) ([]Sent, error) {
	hash := a.deps.Pseudonym.Subject(s.Customer, s.ID)
	if hash == "" {
		return nil, ErrNoPrivacyKey
	}
	var fold history.Fold
	var keys []history.Key
	rows := map[history.Key]*sent{}
	err := a.deps.Decisions(ctx, time.Time{}, func(d *decision.Decision) {
		if d.SubjectHash != hash {
			return
		}
		fold.Add(d)
		k := history.KeyOf(d.DestinationID, d.Mapping, d.EventID)
		row := rows[k]
		if row == nil {
			row = &sent{Sent: Sent{
				Destination: strings.Clone(d.DestinationID), Provider: strings.Clone(d.Provider), SourceEvent: strings.Clone(d.SourceEvent),
				EventID: strings.Clone(d.EventID), Target: strings.Clone(d.Target),
			}}
			rows[k] = row
			keys = append(keys, k)
		}
		if d.Status == decision.Delivered || row.at.IsZero() {
			row.at, row.delivered = time.UnixMilli(d.Time), row.delivered || d.Status == decision.Delivered
		}
	})
	if err != nil {
		return nil, err
	}
	all := []Sent{}
	for _, k := range keys {
		row, state := rows[k], fold.Of(k).State
		if row.delivered || state == history.Delivered || state == history.Pending {
			row.Time, row.State = row.at.UTC().Format(time.RFC3339), stateWord(state, erased)
			all = append(all, row.Sent)
		}
	}
	return all, nil
}
