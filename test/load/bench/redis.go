package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// claimServer is miniredis behind a front that answers as Redis does: the
// replies of a pipeline in one write. miniredis writes each by itself, which
// costs it and its client a system call per claim, and would be measured as
// if it were ours. The few commands of claims go to the store directly, all
// others are passed on.
type claimServer struct {
	store  *miniredis.Miniredis
	listen net.Listener
	served sync.WaitGroup

	mu    sync.Mutex // of one command
	conns map[net.Conn]struct{}
}

func startClaimServer(ctx context.Context) (*claimServer, error) {
	s := &claimServer{store: miniredis.NewMiniRedis(), conns: map[net.Conn]struct{}{}}
	if err := s.store.Start(); err != nil {
		return nil, fmt.Errorf("starting miniredis: %w", err)
	}
	var lc net.ListenConfig
	var err error
	if s.listen, err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		s.store.Close()
		return nil, fmt.Errorf("starting Redis: %w", err)
	}
	s.served.Go(func() {
		for {
			conn, err := s.listen.Accept()
			if err != nil {
				return // closed
			}
			s.keep(conn)
			s.served.Go(func() { s.serve(ctx, conn) })
		}
	})
	return s, nil
}

func (s *claimServer) addr() string { return s.listen.Addr().String() }

func (s *claimServer) keep(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[conn] = struct{}{}
}

func (s *claimServer) close() error {
	err := s.listen.Close()
	s.mu.Lock()
	for conn := range s.conns {
		_ = conn.Close() // its client may have done so already
	}
	s.mu.Unlock()
	s.served.Wait()
	s.store.Close()
	return err
}

// serve is the life of one connection. Replies are written when no further
// command has arrived.
func (s *claimServer) serve(ctx context.Context, conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
	}()
	var behind backend
	defer behind.close()
	in, out := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 64<<10)
	var args [][]byte
	for {
		var err error
		if args, err = readCommand(in, args[:0]); err != nil {
			return // the client has gone
		}
		reply, known := s.answer(args)
		if known {
			_, err = out.Write(reply)
		} else {
			err = behind.pass(ctx, s.store.Addr(), args, out)
		}
		if err == nil && in.Buffered() == 0 {
			err = out.Flush()
		}
		if err != nil {
			return
		}
	}
}

var (
	replyOK   = []byte("+OK\r\n")
	replyNil  = []byte("$-1\r\n")
	replyOne  = []byte(":1\r\n")
	replyZero = []byte(":0\r\n")
	// noHello makes the client speak the older protocol, which is ours.
	noHello = []byte("-ERR unknown command\r\n")
)

// answer carries out the commands of claims; false for any other.
func (s *claimServer) answer(args [][]byte) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := func(i int, word string) bool { return i < len(args) && bytes.EqualFold(args[i], []byte(word)) }
	switch {
	case is(0, "hello"):
		return noHello, true
	case is(0, "get") && len(args) == 2:
		return s.get(args[1]), true
	case is(0, "getex") && len(args) == 4 && is(2, "px"):
		old := s.get(args[1])
		if !bytes.Equal(old, replyNil) {
			s.store.SetTTL(string(args[1]), milli(args[3]))
		}
		return old, true
	case is(0, "pexpire") && len(args) == 3:
		if !s.store.Exists(string(args[1])) {
			return replyZero, true
		}
		s.store.SetTTL(string(args[1]), milli(args[2]))
		return replyOne, true
	case is(0, "set") && len(args) == 5 && is(3, "px"):
		return s.put(args[1], args[2], args[4], replyOK), true
	case is(0, "set") && len(args) == 7 && is(3, "nx") && is(4, "get") && is(5, "px"):
		if old := s.get(args[1]); !bytes.Equal(old, replyNil) {
			return old, true
		}
		return s.put(args[1], args[2], args[6], replyNil), true
	}
	return nil, false
}

func (s *claimServer) get(key []byte) []byte {
	value, err := s.store.Get(string(key))
	if err != nil {
		return replyNil
	}
	return []byte("$" + strconv.Itoa(len(value)) + "\r\n" + value + "\r\n")
}

func (s *claimServer) put(key, value, ttl, reply []byte) []byte {
	name := string(key)
	if err := s.store.Set(name, string(value)); err != nil {
		return []byte("-ERR " + err.Error() + "\r\n")
	}
	s.store.SetTTL(name, milli(ttl))
	return reply
}

func milli(number []byte) time.Duration {
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// backend is a connection to miniredis for what is not answered here.
type backend struct {
	conn net.Conn
	in   *bufio.Reader
}

func (b *backend) close() {
	if b.conn != nil {
		_ = b.conn.Close() // nothing is under way
	}
}

func (b *backend) pass(ctx context.Context, addr string, args [][]byte, out io.Writer) error {
	if b.conn == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		b.conn, b.in = conn, bufio.NewReader(conn)
	}
	command := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := b.conn.Write(command); err != nil {
		return err
	}
	return copyReply(b.in, out)
}

var errProtocol = errors.New("that is not Redis")

// readCommand reads one command as its arguments.
func readCommand(in *bufio.Reader, args [][]byte) ([][]byte, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return args, err
	}
	n, err := lineNumber(line, '*')
	if err != nil {
		return args, err
	}
	for range n {
		if line, err = in.ReadSlice('\n'); err != nil {
			return args, err
		}
		size, err := lineNumber(line, '$')
		if err != nil {
			return args, err
		}
		arg := make([]byte, size+2)
		if _, err := io.ReadFull(in, arg); err != nil {
			return args, err
		}
		args = append(args, arg[:size])
	}
	return args, nil
}

func lineNumber(line []byte, mark byte) (int, error) {
	if len(line) < 4 || line[0] != mark {
		return 0, errProtocol
	}
	return strconv.Atoi(string(line[1 : len(line)-2]))
}

// copyReply passes one reply on, with everything in it.
func copyReply(in *bufio.Reader, out io.Writer) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	if _, err := out.Write(line); err != nil {
		return err
	}
	switch line[0] {
	case '$':
		n, err := lineNumber(line, '$')
		if err != nil || n < 0 {
			return err
		}
		_, err = io.CopyN(out, in, int64(n)+2)
		return err
	case '*':
		n, err := lineNumber(line, '*')
		for ; err == nil && n > 0; n-- {
			err = copyReply(in, out)
		}
		return err
	}
	return nil
}
