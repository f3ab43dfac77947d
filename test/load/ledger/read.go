package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/test/load/traffic"
)

// Read follows every topic of the installation until ctx ends.
func (l *Ledger) Read(ctx context.Context) error {
	listed, err := l.w.Admin.ListTopics(ctx)
	if err != nil {
		return fmt.Errorf("listing topics for the ledger: %w", err)
	}
	topics := l.topics(listed)
	client, err := l.w.NewClient(kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.ConsumeTopics(topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		for _, e := range fetches.Errors() {
			if errors.Is(e.Err, kgo.ErrClientClosed) {
				return nil
			}
			// A broker that is gone for a while; what matters is what is read
			// in the end.
			continue
		}
		fetches.EachRecord(func(r *kgo.Record) { l.take(ctx, r) })
	}
}

// topics are those of the installation.
func (l *Ledger) topics(listed kadm.TopicDetails) []string {
	var topics []string
	for _, name := range listed.Names() {
		if strings.HasPrefix(name, l.w.Names.Prefix+".") {
			topics = append(topics, name)
		}
	}
	return topics
}

// take folds one record. One that was read before is passed over: the reader
// begins anew where its client thinks that a moved leader has less than it
// has read.
func (l *Ledger) take(ctx context.Context, r *kgo.Record) {
	l.mu.Lock()
	again := r.Offset < l.positions[topicPartition{r.Topic, r.Partition}]
	l.mu.Unlock()
	if again {
		return
	}
	if r.Attrs.IsControl() {
		l.mu.Lock()
		l.positions[topicPartition{r.Topic, r.Partition}] = r.Offset + 1
		l.mu.Unlock()
		return
	}
	leak := l.leak(r)
	var d diagnostic
	var v delivery
	var h hold
	var err error
	isDiagnostic := r.Topic == l.w.Names.Diagnostics()
	isDelivery := strings.HasPrefix(r.Topic, l.w.Names.Prefix+".delivery.")
	isHold := r.Topic == l.w.Names.Hold()
	switch {
	case isDiagnostic:
		err = l.decode.decode(ctx, r.Value, &d)
	case isDelivery:
		err = l.decode.decode(ctx, r.Value, &v)
	case isHold:
		err = l.decode.decode(ctx, r.Value, &h)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.positions[topicPartition{r.Topic, r.Partition}] = r.Offset + 1
	l.records++
	if leak != "" {
		l.leaks = append(l.leaks, fmt.Sprintf("%s in %s/%d@%d", leak, r.Topic, r.Partition, r.Offset))
	}
	switch {
	case err != nil && ctx.Err() == nil:
		l.troubles = append(l.troubles, fmt.Sprintf("%s/%d@%d: %v", r.Topic, r.Partition, r.Offset, err))
	case isDiagnostic:
		l.decided(&d)
	case isHold:
		for _, key := range h.Mappings {
			_, mapping, _ := strings.Cut(key, "/")
			f := l.fate(pair{h.Source.at(), mapping})
			f.heldIn = append(f.heldIn, coordinates{topicPartition{r.Topic, r.Partition}, r.Offset})
		}
	case isDelivery:
		l.handovers[handover{v.Facts.DestinationID, v.Target, v.EventID, text(v.ReplayID)}]++
		p := pair{v.Source.at(), v.Facts.Mapping}
		if id := text(v.ReplayID); id != "" {
			l.fate(p).again++
			l.replayed(replayed{p, id}, repeats{queued: 1})
			return
		}
		f := l.fate(p)
		f.queued++
		f.delivered = append(f.delivered, coordinates{topicPartition{r.Topic, r.Partition}, r.Offset})
	}
}

// leak looks for personal data where none belongs.
func (l *Ledger) leak(r *kgo.Record) string {
	for _, h := range r.Headers {
		if word := traffic.Anywhere([]byte(h.Key + "=" + string(h.Value))); word != "" {
			return word + " in header " + h.Key
		}
	}
	names := l.w.Names
	switch r.Topic {
	case names.Hold(), names.DeadEvents():
		return traffic.Anywhere(r.Value) // sealed
	case names.Consent(), names.SubjectKeys():
		return traffic.InDelivery(append(append([]byte(nil), r.Key...), r.Value...)) // its keys are subjects
	}
	for _, kind := range []string{".delivery.", ".retry.", ".parked.", ".deadletter."} {
		if strings.HasPrefix(r.Topic, names.Prefix+kind) {
			return traffic.InDelivery(append(append([]byte(nil), r.Key...), r.Value...))
		}
	}
	return traffic.Anywhere(append(append([]byte(nil), r.Key...), r.Value...))
}

func (l *Ledger) fate(p pair) *fate {
	f := l.fates[p]
	if f == nil {
		f = &fate{ends: map[traffic.Outcome]int{}, againEnds: map[traffic.Outcome]int{}}
		l.fates[p] = f
	}
	return f
}

func (l *Ledger) replayed(r replayed, more repeats) {
	was := l.replays[r]
	l.replays[r] = repeats{was.queued + more.queued, was.ended + more.ended}
}

// decided folds one diagnostic.
func (l *Ledger) decided(d *diagnostic) {
	if d.Stage == "verdict" {
		l.verdicts[d.Status]++
		return
	}
	p := pair{d.Source.at(), d.Mapping}
	if id := text(d.ReplayID); id != "" {
		if d.Stage == "sender" && d.Status != "retrying" && d.Status != "parked" {
			l.fate(p).againEnds[d.Status+" "+d.Reason]++
			l.replayed(replayed{p, id}, repeats{ended: 1})
		}
		return // what a replay decided not to send changes nothing
	}
	f := l.fate(p)
	now := time.Now()
	if f.routedAt.IsZero() {
		f.routedAt = now
		if wrote, ok := l.written[p.at]; ok {
			l.longest = max(l.longest, now.Sub(wrote.at))
		}
	}
	outcome := d.Status + " " + d.Reason
	switch {
	case d.Stage == "sender":
		switch d.Status {
		case "retrying", "parked":
			f.moved = true
		default:
			f.ends[outcome]++
			f.endedAt = now
		}
	case d.Status == "held":
		f.held++
	default:
		f.routed = append(f.routed, outcome)
	}
	if f.final() {
		delete(l.open, p)
	}
}
