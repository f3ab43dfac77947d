package transact

import "time"

// Observer receives what happens in a loop. Its methods must be quick and
// safe for concurrent use: LostRange and Recreated are called by the group's
// goroutine. Embed [NoObserver] to implement only some.
type Observer interface {
	// Committed is called after every committed transaction.
	Committed(Commit)
	// Aborted is called after every transaction that was not committed, and
	// was begun to commit something.
	Aborted(Abort)
	// GaveUp is called when Work returned ErrWait.
	GaveUp(err error)
	// LostRange is called when offsets that should have been read are gone.
	LostRange(LostRange)
	// Recreated is called when a topic was deleted and created again.
	Recreated(Recreated)
	// Bomb is called after a batch was passed over because it unpacks to too much.
	Bomb(Bomb)
	// Rebuilt is called when the client is closed and made anew.
	Rebuilt(cause error)
}

// Commit is one committed transaction.
type Commit struct {
	// Read and Written count records.
	Read, Written int
	// ReadBytes counts keys and values of what was read.
	ReadBytes int
	// Oldest is the smallest timestamp of what was read; zero if nothing was.
	Oldest time.Time
	// Work is the time in the work function, Transaction from begin to end.
	Work, Transaction time.Duration
}

// Abort is one transaction that was not committed; the batch is read again.
type Abort struct {
	// Reason is one of "rebalance", "produce", "objection", "end", "bomb" and "oversized".
	Reason string
	// Err is nil for a rebalance.
	Err error
}

// LostRange is a hole: the next record should have been From, but reading
// goes on at To. With From < To the records in between were deleted before
// they were read (retention); with From > To the log was cut, and what it
// has is read from the beginning.
type LostRange struct {
	Topic     string
	Partition int32
	From, To  int64
}

// Recreated is a topic that has another id than when its offsets were
// committed. It is read from its beginning.
type Recreated struct {
	Topic    string
	Old, New TopicID
}

// NoObserver does nothing.
type NoObserver struct{}

// Committed does nothing.
func (NoObserver) Committed(Commit) {}

// Aborted does nothing.
func (NoObserver) Aborted(Abort) {}

// GaveUp does nothing.
func (NoObserver) GaveUp(error) {}

// LostRange does nothing.
func (NoObserver) LostRange(LostRange) {}

// Recreated does nothing.
func (NoObserver) Recreated(Recreated) {}

// Bomb does nothing.
func (NoObserver) Bomb(Bomb) {}

// Rebuilt does nothing.
func (NoObserver) Rebuilt(error) {}
