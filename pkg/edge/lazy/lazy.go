// Package lazy opens what a program may need when it is first asked for.
package lazy

import "sync"

// Value is something that is opened when it is first asked for, by whoever asks
// first; the others wait. What could not be opened is tried again. The zero
// Value is ready, and safe for concurrent use.
type Value[T any] struct {
	mu    sync.Mutex
	value T
	made  bool
}

// Get gives the value, opened with open where it is not yet.
func (l *Value[T]) Get(open func() (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made {
		return l.value, nil
	}
	value, err := open()
	if err == nil {
		l.value, l.made = value, true
	}
	return value, err
}

// Taken gives the value where it was opened, and forgets it.
func (l *Value[T]) Taken() (value T, opened bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, opened = l.value, l.made
	var none T
	l.value, l.made = none, false
	return value, opened
}
