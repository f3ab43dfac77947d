package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
)

// part is what a child process is, behind the requests that all kinds share.
type part interface {
	// hello is said once the part is ready.
	hello() answer
	// await returns when n records, counted from the start, are done.
	await(ctx context.Context, n int64) error
	// provider sums up what was received; only the provider's part knows.
	provider() (providerSummary, error)
	// close ends the part; it finishes what it has in hand.
	close() error
}

// openPart starts one kind of part. errs receives what ends it early.
type openPart func(ctx context.Context, o order, log io.Writer) (part, error)

// parts are the kinds of children.
var parts = map[string]openPart{
	kindServices: openServices,
	kindConsume:  openCopier, kindPass: openCopier,
	kindTransact: openTransact,
	kindRouter:   openRole, kindSender: openRole,
}

// errNotHere is the answer to a request that a kind of child does not know.
var errNotHere = errors.New("this child cannot do that")

// serveChild is the life of a child process: an order, then requests until
// the input ends.
func serveChild(ctx context.Context, in io.Reader, out, log io.Writer) error {
	lines, answers := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	var o order
	if err := lines.Decode(&o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	open, ok := parts[o.Kind]
	if !ok {
		return fmt.Errorf("reading the order: no child is called %q", o.Kind)
	}
	p, err := open(ctx, o, log)
	if err != nil {
		return answers.Encode(answer{Error: err.Error()})
	}
	err = answers.Encode(p.hello())
	s := server{part: p}
	for err == nil {
		var r request
		if err = lines.Decode(&r); err == nil {
			a, failed := s.answer(ctx, r)
			if failed != nil {
				a.Error = failed.Error()
			}
			err = answers.Encode(a)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, s.endProfile(), p.close())
}

// server answers the requests of one child.
type server struct {
	part    part
	profile *os.File
}

func (s *server) answer(ctx context.Context, r request) (answer, error) {
	switch r.Do {
	case "usage":
		u, err := ownUsage(r.Settle)
		return answer{Usage: u}, err
	case "await":
		return answer{}, s.part.await(ctx, r.N)
	case "provider":
		sum, err := s.part.provider()
		return answer{Provider: sum}, err
	case "profile":
		return answer{}, s.profileTo(r.File)
	}
	return answer{}, fmt.Errorf("%s: %w", r.Do, errNotHere)
}

// profileTo begins a processor profile, or ends the one that runs.
func (s *server) profileTo(file string) error {
	if err := s.endProfile(); err != nil || file == "" {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	s.profile = f
	if err := pprof.StartCPUProfile(f); err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	return nil
}

func (s *server) endProfile() error {
	if s.profile == nil {
		return nil
	}
	pprof.StopCPUProfile()
	f := s.profile
	s.profile = nil
	if err := f.Close(); err != nil {
		return err
	}
	// What was allocated since the process began, beside it.
	allocations, err := os.Create(f.Name() + ".allocs")
	if err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(allocations, 0), allocations.Close())
}
