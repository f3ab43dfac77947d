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
	Discarded     int    `json:"discarded"`
	Oldest        string `json:"oldest"`
	Newest        string `json:"newest"`

	// First is Oldest for telling it to people.
	First time.Time `json:"-"`
	last  time.Time
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
	case Discarded:
		g.Discarded++
	case Open:
		g.Open++
	}
	if g.First.IsZero() || l.At.Before(g.First) {
		g.First = l.At
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
		g.Oldest, g.Newest = g.First.UTC().Format(time.RFC3339), g.last.UTC().Format(time.RFC3339)
		rows = append(rows, *g)
	}
	slices.SortFunc(rows, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.DestinationID, b.DestinationID), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.ProviderCode, b.ProviderCode))
	})
	return rows
}
