package intake

// Status is what an Intake holds.
type Status struct {
	Partitions int
	// Held are deliveries in windows, Waiting those of retry topics that are
	// not due.
	Held, Waiting int
	Uncommitted   bool
}

// Status counts.
func (in *Intake) Status() Status {
	s := Status{Partitions: len(in.partitions.byAt), Held: in.held}
	for _, p := range in.partitions.byAt {
		s.Waiting += len(p.queue)
		s.Uncommitted = s.Uncommitted || p.commit >= 0
	}
	return s
}

// Memory says how many bytes the windows hold, and how many partitions are not
// fetched from.
func (in *Intake) Memory() (bytes, paused int) {
	for _, p := range in.partitions.byAt {
		bytes += p.window.State().Bytes
		if p.paused {
			paused++
		}
	}
	return bytes, paused
}

// Pile is deliveries and their bytes.
type Pile struct{ N, Bytes int }

// Parked sums up, by destination, what was read ahead of the parked topic, and
// says when the oldest was parked; now where there is none.
func (in *Intake) Parked(now int64) (piles map[string]Pile, oldest int64) {
	piles, oldest = make(map[string]Pile), now
	for _, p := range in.partitions.byAt {
		if !p.topic.Parked {
			continue
		}
		for _, it := range p.queue {
			sum := piles[it.Destination()]
			piles[it.Destination()] = Pile{sum.N + 1, sum.Bytes + it.bytes}
			oldest = min(oldest, it.Record.Timestamp.UnixMilli())
		}
	}
	return piles, oldest
}
