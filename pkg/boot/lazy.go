package boot

import "sync"

// lazy is something that is opened when it is first asked for, by whoever asks
// first; the others wait. What could not be opened is tried again.
type lazy[T any] struct {
	mu    sync.Mutex
	value T
	made  bool
}

func (l *lazy[T]) get(open func() (T, error)) (T, error) {
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
