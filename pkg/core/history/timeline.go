package history

import (
	"cmp"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// Query says whose history is asked for. One of IDs, Source and Subject is
// given; the other fields narrow.
type Query struct {
	// IDs are event or transaction ids as diagnostics show them: the plain one
	// and, where it looks like personal data, the hashed one.
	IDs []string
	// Source is an input record. Its topic id may be zero: not known.
	Source *event.Coordinates
	// Subject is a subject's keyed hash.
	Subject string

	Customer     string
	Destinations []string
}

// Wants says whether a decision belongs to the answer.
func (q *Query) Wants(d *decision.Decision) bool {
	if q.Customer != "" && d.CustomerID != q.Customer {
		return false
	}
	if len(q.Destinations) > 0 && !slices.Contains(q.Destinations, d.DestinationID) {
		return false
	}
	switch {
	case q.Source != nil:
		return d.Source.Topic == q.Source.Topic && d.Source.Partition == q.Source.Partition && d.Source.Offset == q.Source.Offset
	case q.Subject != "":
		return d.SubjectHash == q.Subject
	default:
		return slices.Contains(q.IDs, d.EventID) || d.TransactionID != "" && slices.Contains(q.IDs, d.TransactionID)
	}
}

// Timeline is what the diagnostics say about a query, put in order.
type Timeline struct {
	Records []Record
	// Requests are verdicts about whole requests that events of the timeline were
	// part of: they name no event.
	Requests []decision.Decision
}

// Record is what became of one input record.
type Record struct {
	// Head is the first decision about it; its fields of the event are those
	// of all.
	Head   decision.Decision
	Tracks []Track
}

// Track is the way of one input record for one mapping.
type Track struct {
	DestinationID string
	Mapping       string
	// State is that of the event for the mapping, its other records included.
	State State
	// Steps are the decisions in the order in which they were taken, repeats
	// left out.
	Steps []decision.Decision
	// Repeats counts steps that say again what a step said, with the same decision
	// id: a crash left them behind, or the same delivery was parked again.
	Repeats int
}

// Last is the newest decision.
func (o *Track) Last() *decision.Decision { return &o.Steps[len(o.Steps)-1] }

// Build puts decisions in order. They come as they stood in the topic; those of
// one destination and event stand in one partition, and so in their true order.
// Verdicts about whole requests are told apart by themselves.
func Build(decisions []decision.Decision) Timeline {
	var story Timeline
	var fold Fold
	seen := map[string]bool{}
	records := map[event.Coordinates]int{}
	for i := range decisions {
		d := &decisions[i]
		fold.Add(d)
		if d.Stage == decision.StageVerdict && d.EventID == "" {
			if !seen[d.ID] {
				story.Requests = append(story.Requests, *d)
			}
			seen[d.ID] = true
			continue
		}
		at := d.Source
		at.AppendTime = 0 // a fact about the record, not part of its name
		n, known := records[at]
		if !known {
			n = len(story.Records)
			records[at] = n
			story.Records = append(story.Records, Record{Head: *d})
		}
		story.Records[n].add(d, seen)
	}
	story.order(&fold)
	return story
}

// add puts a decision into its outcome.
func (r *Record) add(d *decision.Decision, seen map[string]bool) {
	i := slices.IndexFunc(r.Tracks, func(o Track) bool { return o.DestinationID == d.DestinationID && o.Mapping == d.Mapping })
	if i < 0 {
		i = len(r.Tracks)
		r.Tracks = append(r.Tracks, Track{DestinationID: d.DestinationID, Mapping: d.Mapping})
	}
	o := &r.Tracks[i]
	if d.ID != "" && seen[d.ID] {
		o.Repeats++
		return
	}
	seen[d.ID] = true
	o.Steps = append(o.Steps, *d)
}

// order sorts records by time and outcomes by name, and says what each came to.
func (s *Timeline) order(fold *Fold) {
	for i := range s.Records {
		r := &s.Records[i]
		for k := range r.Tracks {
			o := &r.Tracks[k]
			o.State = fold.Of(KeyOf(o.DestinationID, o.Mapping, r.Head.EventID)).State
			if o.State == Never {
				o.State = Failed // it was decided, for no mapping
			}
		}
		slices.SortFunc(r.Tracks, func(a, b Track) int {
			return cmp.Or(cmp.Compare(a.DestinationID, b.DestinationID), cmp.Compare(a.Mapping, b.Mapping))
		})
	}
	slices.SortStableFunc(s.Records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Head.Source.AppendTime, b.Head.Source.AppendTime), cmp.Compare(a.Head.Time, b.Head.Time))
	})
	slices.SortStableFunc(s.Requests, func(a, b decision.Decision) int { return cmp.Compare(a.Time, b.Time) })
}

// RequestIDs are the providers' ids of the requests that took events of the
// story and may say more about them later, with the destination of each and the
// time of the first.
func (s *Timeline) RequestIDs() map[string]decision.Decision {
	found := map[string]decision.Decision{}
	for i := range s.Records {
		for k := range s.Records[i].Tracks {
			for _, d := range s.Records[i].Tracks[k].Steps {
				if _, known := found[d.ProviderRequestID]; !known && d.ProviderRequestID != "" && d.Status == decision.Delivered {
					found[d.ProviderRequestID] = d
				}
			}
		}
	}
	return found
}

// Judged are the ids of requests that a verdict of the story speaks of.
func (s *Timeline) Judged() map[string]bool {
	judged := map[string]bool{}
	for i := range s.Requests {
		judged[s.Requests[i].ProviderRequestID] = true
	}
	for i := range s.Records {
		for k := range s.Records[i].Tracks {
			for _, d := range s.Records[i].Tracks[k].Steps {
				if d.Stage == decision.StageVerdict {
					judged[d.ProviderRequestID] = true
				}
			}
		}
	}
	return judged
}
