// Package tasks lets one goroutine own all state while work runs beside it:
// work is spawned with what it needs and answers with a function that the owner
// runs. The owner takes no lock.
//
// The owner selects on Posts and sleeps for Sleep between its steps.
package tasks

import "time"

// Tasks are the work of one owner. Every method but Post belongs to the owner's
// goroutine.
type Tasks struct {
	now   func() time.Time
	posts chan func()
	// running are goroutines that will post.
	running int
	// wake is the earliest time at which something that waits now may go on.
	wake int64
}

// New makes the tasks of an owner with this clock.
func New(now func() time.Time) *Tasks { return &Tasks{now: now, posts: make(chan func())} }

// Posts are functions that the owner has to run.
func (t *Tasks) Posts() <-chan func() { return t.posts }

// Post takes functions for the owner from any goroutine.
func (t *Tasks) Post() chan<- func() { return t.posts }

// Spawn runs work in a goroutine; what it returns runs in the owner's.
func (t *Tasks) Spawn(work func() func()) {
	t.running++
	go func() {
		then := work()
		t.posts <- func() {
			t.running--
			then()
		}
	}()
}

// Running says whether a goroutine has yet to post.
func (t *Tasks) Running() bool { return t.running > 0 }

// Join waits for the goroutines that are still running and ignores what they
// want to start next.
func (t *Tasks) Join() {
	for t.running > 0 {
		(<-t.posts)()
	}
}

// Step begins a step of the owner: what waits asks for the next one with At.
func (t *Tasks) Step(now int64) { t.wake = now + time.Minute.Milliseconds() }

// At asks for a step at a time, epoch ms.
func (t *Tasks) At(when int64) { t.wake = min(t.wake, when) }

// Sleep is how long the owner may sleep before its next step.
func (t *Tasks) Sleep() time.Duration {
	return max(0, time.Duration(t.wake-t.now().UnixMilli())*time.Millisecond)
}
