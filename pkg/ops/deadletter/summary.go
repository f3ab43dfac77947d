package deadletter

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Summary counts dead letters. Its JSON is that of `sluice dlq summary --output
// json`.
type Summary struct {
	Events int     `json:"events"`
	Open   int     `json:"open"`
	Groups []Group `json:"groups"`

	// Unreadable is how many records of the topics are no dead letters.
	Unreadable int `json:"-"`
}

// Group is what of it has one destination, reason and provider's code.
type Group struct {
	DestinationID string `json:"destination_id"`
	Reason        string `json:"reason"`
	ProviderCode  string `json:"provider_code"`
	Events        int    `json:"events"`
	Open          int    `json:"open"`
	Pending       int    `json:"pending"`
	Delivered     int    `json:"delivered"`
	Closed        int    `json:"closed"`
	Discarded     int    `json:"discarded"`
	Oldest        string `json:"oldest"`
	Newest        string `json:"newest"`
	OldestOpen    string `json:"oldest_open,omitempty"`

	// FirstOpen is OldestOpen for telling it to people; zero where none is open.
	FirstOpen   time.Time `json:"-"`
	first, last time.Time
}

// Summary counts the dead letters that match.
func (d *Desk) Summary(ctx context.Context, f Filter) (Summary, error) {
	var all []Letter
	unreadable, err := d.Each(ctx, Request{Filter: f}, func(l Letter) { all = append(all, l) })
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Events: len(all), Groups: groups(all), Unreadable: unreadable}
	for i := range s.Groups {
		s.Open += s.Groups[i].Open
	}
	return s, nil
}

func (g *Group) add(l *Letter) {
	g.Events++
	switch l.State {
	case Pending:
		g.Pending++
	case Delivered:
		g.Delivered++
	case Closed:
		g.Closed++
	case Discarded:
		g.Discarded++
	case Open:
		g.Open++
		if g.FirstOpen.IsZero() || l.At.Before(g.FirstOpen) {
			g.FirstOpen = l.At
		}
	}
	if g.first.IsZero() || l.At.Before(g.first) {
		g.first = l.At
	}
	if l.At.After(g.last) {
		g.last = l.At
	}
}

// groups counts letters by destination, reason and code.
func groups(letters []Letter) []Group {
	type key struct{ destination, reason, code string }
	by := map[key]*Group{}
	for i := range letters {
		l := &letters[i]
		k := key{l.Destination, l.Reason, l.Code}
		if by[k] == nil {
			by[k] = &Group{DestinationID: k.destination, Reason: k.reason, ProviderCode: k.code}
		}
		by[k].add(l)
	}
	rows := []Group{}
	for _, g := range by {
		g.Oldest, g.Newest = g.first.UTC().Format(time.RFC3339), g.last.UTC().Format(time.RFC3339)
		if g.Open > 0 {
			g.OldestOpen = g.FirstOpen.UTC().Format(time.RFC3339)
		}
		rows = append(rows, *g)
	}
	slices.SortFunc(rows, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.DestinationID, b.DestinationID), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.ProviderCode, b.ProviderCode))
	})
	return rows
}
