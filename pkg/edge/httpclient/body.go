package httpclient

import (
	"errors"
	"io"
	"sync"
)

var errDetached = errors.New("the request is over")

// body gives a caller's bytes to the transport. The transport may go on
// reading in a goroutine of its own after it has returned an error, while the
// caller already builds the next request in the same memory; detach ends
// that. It also knows whether every byte was taken, which is what decides
// between "not sent" and "maybe sent".
type body struct {
	mu    sync.Mutex
	bytes []byte
	taken bool // some attempt has taken all bytes
}

func (b *body) open() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes == nil {
		return nil, errDetached
	}
	return &bodyReader{of: b}, nil
}

// detach takes the bytes away from the transport and reports whether it had
// taken all of them.
func (b *body) detach() (taken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes = nil
	return b.taken
}

// bodyReader is one attempt at sending a body. The transport makes a second
// one only where it is certain that nothing of the first left (a kept
// connection that had been closed meanwhile).
type bodyReader struct {
	of  *body
	pos int
}

func (r *bodyReader) Read(p []byte) (int, error) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.of.bytes == nil {
		return 0, errDetached
	}
	n := copy(p, r.of.bytes[r.pos:])
	r.pos += n
	if r.pos == len(r.of.bytes) {
		r.of.taken = true
		return n, io.EOF
	}
	return n, nil
}

func (r *bodyReader) Close() error { return nil }
