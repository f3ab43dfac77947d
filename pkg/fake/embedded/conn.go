package embedded

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// listen wraps a broker's listener, so that members are seen to wait.
func (m *members) listen(listen func(network, address string) (net.Listener, error)) func(network, address string) (net.Listener, error) {
	return func(network, address string) (net.Listener, error) {
		l, err := listen(network, address)
		if err != nil {
			return nil, err
		}
		m.mu.Lock()
		m.brokers = append(m.brokers, l.Addr().String())
		m.mu.Unlock()
		return &listener{Listener: l, members: m}, nil
	}
}

type listener struct {
	net.Listener
	members *members
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, members: l.members, address: l.Addr().String(), waits: map[int32]*waiting{}, closed: make(chan struct{})}, nil
}

// conn is a broker's end of a client's connection. It passes everything on
// unchanged, and says that the client is gone only once nobody waits on it.
type conn struct {
	net.Conn
	members  *members
	address  string // of the broker
	requests requests

	mu     sync.Mutex
	waits  map[int32]*waiting // by correlation id
	closed chan struct{}
	once   sync.Once
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.requests.take(b[:n], func(correlation int32, request kmsg.Request) {
		c.waitsFor(correlation, c.members.asked(c.address, request))
	})
	if err != nil {
		c.outlive()
	}
	return n, err
}

func (c *conn) waitsFor(correlation int32, w *waiting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
		c.members.answered(w, nil)
	default:
		c.waits[correlation] = w
	}
}

// outlive returns when nobody waits on this connection.
func (c *conn) outlive() {
	c.mu.Lock()
	waits := make([]*waiting, 0, len(c.waits))
	for _, w := range c.waits {
		waits = append(waits, w)
	}
	c.mu.Unlock()
	for _, w := range waits {
		select {
		case <-w.answered:
		case <-c.closed:
			return
		}
	}
}

// Write implements net.Conn. kfake writes an answer whole.
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if len(b) < 8 {
		return n, err
	}
	correlation := int32(binary.BigEndian.Uint32(b[4:])) // #nosec G115 -- the protocol has it signed
	c.mu.Lock()
	w := c.waits[correlation]
	delete(c.waits, correlation)
	c.mu.Unlock()
	if w != nil {
		c.members.answered(w, responseOf(w.request, b[4:]))
	}
	return n, err
}

// Close implements net.Conn. Who still waits is not answered any more.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.mu.Lock()
		waits := c.waits
		c.waits = map[int32]*waiting{}
		c.mu.Unlock()
		for _, w := range waits {
			c.members.answered(w, nil)
		}
	})
	return c.Conn.Close()
}

// responseOf reads an answer from its correlation id on; nil where that fails.
func responseOf(request kmsg.Request, b []byte) kmsg.Response {
	response := request.ResponseKind()
	reader := kbin.Reader{Src: b}
	reader.Int32()
	if response.IsFlexible() {
		kmsg.SkipTags(&reader)
	}
	if response.ReadFrom(reader.Src) != nil {
		return nil
	}
	return response
}

const (
	// headLen is the length of a request's size and key.
	headLen = 6
	// maxRequest is socket.request.max.bytes' default. A connection that says
	// more speaks something else, such as TLS.
	maxRequest = 100 << 20
	// maxWaiting bounds a JoinGroup or SyncGroup that is looked at.
	maxWaiting = 4 << 20
)

// requests cuts what a client sends into requests, and reads those on which
// members wait.
type requests struct {
	head   [headLen]byte
	got    int    // of the head
	left   int    // of the request behind its head
	keep   bool   // this one is to be read
	kept   []byte // of it: from its key on
	opaque bool   // this is not Kafka's protocol
}

// take takes the next bytes and gives each request that they complete.
func (r *requests) take(b []byte, each func(correlation int32, request kmsg.Request)) {
	for len(b) > 0 && !r.opaque {
		if r.got < headLen {
			n := copy(r.head[r.got:], b)
			r.got, b = r.got+n, b[n:]
			if r.got == headLen {
				r.begin()
			}
			continue
		}
		n := min(r.left, len(b))
		if r.keep {
			r.kept = append(r.kept, b[:n]...)
		}
		r.left, b = r.left-n, b[n:]
		if r.left > 0 {
			return
		}
		r.got = 0
		if r.keep {
			if correlation, request, ok := readRequest(r.kept); ok {
				each(correlation, request)
			}
		}
	}
}

func (r *requests) begin() {
	size := int64(binary.BigEndian.Uint32(r.head[:]))
	if size <= headLen-4 || size > maxRequest {
		r.opaque = true
		return
	}
	key := int16(binary.BigEndian.Uint16(r.head[4:])) // #nosec G115 -- the protocol has it signed
	r.left = int(size) - (headLen - 4)
	r.keep = size <= maxWaiting && slices.Contains([]int16{int16(kmsg.JoinGroup), int16(kmsg.SyncGroup)}, key)
	r.kept = append(r.kept[:0], r.head[4:]...)
}

// readRequest reads a request from its key on.
func readRequest(b []byte) (correlation int32, request kmsg.Request, ok bool) {
	reader := kbin.Reader{Src: b}
	key, version := reader.Int16(), reader.Int16()
	correlation = reader.Int32()
	reader.NullableString() // client id
	request = kmsg.RequestForKey(key)
	request.SetVersion(version)
	if request.IsFlexible() {
		kmsg.SkipTags(&reader)
	}
	return correlation, request, reader.Ok() && request.ReadFrom(reader.Src) == nil
}

// readFrame reads a request or an answer behind its size.
func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxRequest {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}
