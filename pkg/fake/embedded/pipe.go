package embedded

import (
	"bytes"
	"net"
	"sync"
)

// pipeWrites is how many writes may wait for the other end.
const pipeWrites = 1024

// eagerConn never blocks a writer. Both ends of a pipe without a buffer would
// otherwise wait for each other in a pipeline that is longer than the server's
// read buffer.
type eagerConn struct {
	net.Conn
	queue  chan []byte
	closed chan struct{}
	once   sync.Once
	wait   sync.WaitGroup
}

func newEagerConn(c net.Conn) *eagerConn {
	e := &eagerConn{Conn: c, queue: make(chan []byte, pipeWrites), closed: make(chan struct{})}
	e.wait.Go(func() {
		for {
			select {
			case b := <-e.queue:
				if _, err := c.Write(b); err != nil {
					return // the reader sees the end of the connection
				}
			case <-e.closed:
				return
			}
		}
	})
	return e
}

// Write hands b over and returns; what fails later ends the connection.
func (e *eagerConn) Write(b []byte) (int, error) {
	select {
	case e.queue <- bytes.Clone(b):
		return len(b), nil
	case <-e.closed:
		return 0, net.ErrClosed
	}
}

// Close closes the connection and waits for what still writes.
func (e *eagerConn) Close() error {
	e.once.Do(func() { close(e.closed) })
	err := e.Conn.Close()
	e.wait.Wait()
	return err
}
