package intake

import "context"

// AdmitDue admits the heads of retry topics whose time has come. Parked ones
// come back earlier where a destination of this provider has become healthy
// since they were parked.
func (in *Intake) AdmitDue(ctx context.Context, now, healthySince int64) {
	for _, p := range in.partitions.byAt {
		if len(p.queue) == 0 || in.draining || in.isLeaving(p.at) {
			continue
		}
		n := 0
		for n < len(p.queue) && dueNow(p.queue[n], now, healthySince) {
			n++
		}
		due := p.queue[:n]
		p.queue = p.queue[n:]
		for _, it := range due {
			in.handler.Admit(ctx, it, now)
		}
		if n > 0 {
			in.partitions.pauseOrResume(p)
		}
		if len(p.queue) > 0 {
			in.deps.Tasks.At(p.queue[0].Due)
		}
	}
}

func dueNow(it *Item, now, healthySince int64) bool {
	return now >= it.Due || (it.From.Parked && it.Record.Timestamp.UnixMilli() < healthySince)
}

// OfferParked gives, of each partition of the parked topic, the first delivery
// that is wanted.
func (in *Intake) OfferParked(wanted func(*Item) bool, give func(*Item)) {
	for _, p := range in.partitions.byAt {
		if !p.topic.Parked || in.isLeaving(p.at) {
			continue
		}
		for i, it := range p.queue {
			if wanted(it) {
				p.queue = append(p.queue[:i:i], p.queue[i+1:]...)
				give(it)
				in.partitions.pauseOrResume(p)
				break
			}
		}
	}
}
