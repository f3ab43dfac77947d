package reader

import (
	"fmt"
	"time"
)

// Kind says what a notice is about.
type Kind uint8

// The kinds of notices.
const (
	// Lost: records [From, To) were deleted before they were read.
	Lost Kind = iota + 1
	// Truncated: the log lost its records from To on after they were read.
	Truncated
	// Recreated: the topic was deleted and made anew; Partition is its name only.
	Recreated
	// Failing: a request failed and is repeated.
	Failing
)

// Notice is what happened to a log while it was read. It never ends the
// reading.
type Notice struct {
	Kind      Kind
	Partition Partition
	From, To  int64
	Err       error // of Failing
}

// String is the notice in words, for logs.
func (n Notice) String() string {
	at := fmt.Sprintf("%s/%d", n.Partition.Topic, n.Partition.Number)
	switch n.Kind {
	case Lost:
		return fmt.Sprintf("%s: offsets %d to %d were deleted before they were read", at, n.From, n.To-1)
	case Truncated:
		return fmt.Sprintf("%s: the log was cut off at %d, and was read to %d before", at, n.To, n.From)
	case Recreated:
		return n.Partition.Topic + ": the topic was deleted and made anew"
	default:
		return fmt.Sprintf("reading %s, the client goes on trying: %v", at, n.Err)
	}
}

// reportEvery is how often the same trouble of a partition is reported.
const reportEvery = 10 * time.Second

type trouble struct {
	at    Partition
	cause string
}

// tell passes a notice on.
func (r *Reader) tell(n Notice) {
	if r.cfg.Notice != nil {
		r.cfg.Notice(n)
	}
}

// failing reports trouble, not too often, and keeps it as what the reader would
// give up with.
func (r *Reader) failing(at Partition, err error) {
	r.failure = fmt.Errorf("reading %s/%d: %w", at.Topic, at.Number, err)
	now, key := time.Now(), trouble{at, err.Error()}
	if last, told := r.told[key]; told && now.Sub(last) < reportEvery {
		return
	}
	if len(r.told) > 1000 { // errors that name an offset never repeat
		clear(r.told)
	}
	r.told[key] = now
	r.tell(Notice{Kind: Failing, Partition: at, Err: err})
}
