package transact

import "log/slog"

// logged writes what an operator should know beside giving it to an observer.
type logged struct {
	Observer
	log *slog.Logger
}

func (l logged) Aborted(a Abort) {
	if a.Err != nil {
		l.log.Warn("transaction aborted", "reason", a.Reason, "error", a.Err)
	}
	l.Observer.Aborted(a)
}

func (l logged) GaveUp(err error) {
	l.log.Warn("batch given up for now", "error", err)
	l.Observer.GaveUp(err)
}

func (l logged) LostRange(r LostRange) {
	l.log.Error("offsets lost before they were read", "topic", r.Topic, "partition", r.Partition, "from", r.From, "to", r.To)
	l.Observer.LostRange(r)
}

func (l logged) Recreated(r Recreated) {
	l.log.Error("topic was recreated, reading it from its beginning", "topic", r.Topic, "old_id", r.Old.String(), "new_id", r.New.String())
	l.Observer.Recreated(r)
}

func (l logged) Bomb(b Bomb) {
	l.log.Error("passed over a batch that unpacks to too much", "topic", b.Topic, "partition", b.Partition, "from", b.First, "to", b.Next)
	l.Observer.Bomb(b)
}

func (l logged) Rebuilt(cause error) {
	l.log.Warn("making the transaction client anew", "error", cause)
	l.Observer.Rebuilt(cause)
}
