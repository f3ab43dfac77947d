// Package lines reads files of one JSON object a line, as people write them, and
// tells every line that is wrong at once.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Error says which lines of a file are wrong, all of them up to a limit.
type Error struct {
	File string
	// Lines are the first of them; Count is how many there are.
	Lines []Problem
	Count int
}

// Problem is one bad line.
type Problem struct {
	Line   int
	Detail string // never a value of the line
}

// shownLines is how many bad lines are listed: a file of the wrong kind has as
// many problems as lines.
const shownLines = 20

// Error lists the bad lines.
func (e *Error) Error() string {
	var b strings.Builder
	noun := "bad lines"
	if e.Count == 1 {
		noun = "bad line"
	}
	fmt.Fprintf(&b, "reading %s: %d %s", e.File, e.Count, noun)
	for _, p := range e.Lines {
		fmt.Fprintf(&b, "\n  %s:%d: %s", e.File, p.Line, p.Detail)
	}
	if more := e.Count - len(e.Lines); more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// Add notes a bad line.
func (e *Error) Add(line int, err error) {
	e.Count++
	if len(e.Lines) == shownLines {
		return
	}
	detail := err.Error()
	var bad *codec.DecodeError
	if errors.As(err, &bad) {
		detail = bad.Detail
	}
	e.Lines = append(e.Lines, Problem{Line: line, Detail: detail})
}

// Err gives e where anything was added, else nil.
func (e *Error) Err() error {
	if e.Count == 0 {
		return nil
	}
	return e
}

// MaxBytes bounds a line of a file: the largest event and its line end. A
// longer one is cut there, which makes it too large to be an event.
const MaxBytes = codec.MaxEventBytes + 2

// Reader reads a file line by line.
type Reader struct {
	from *bufio.Reader
	text []byte
	n    int
	end  bool
}

// NewReader reads the lines of in.
func NewReader(in io.Reader) *Reader { return &Reader{from: bufio.NewReaderSize(in, 256<<10)} }

// Next gives the next line that is not blank, without its line end, and its
// number, counted from 1; io.EOF after the last. The bytes are valid until Next
// is called again.
func (l *Reader) Next() (n int, line []byte, err error) {
	for !l.end {
		l.n++
		l.text, err = readLine(l.from, l.text[:0])
		l.end = errors.Is(err, io.EOF)
		if err != nil && !l.end {
			return l.n, nil, fmt.Errorf("reading line %d: %w", l.n, err)
		}
		if line := bytes.TrimRight(l.text, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			return l.n, line, nil
		}
	}
	return l.n, nil, io.EOF
}

// Each calls take for every line of in that is not blank; see Reader.Next.
func Each(in io.Reader, take func(n int, line []byte) error) error {
	lines := NewReader(in)
	for {
		n, line, err := lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := take(n, line); err != nil {
			return err
		}
	}
}

func readLine(r *bufio.Reader, dst []byte) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		if room := MaxBytes - len(dst); room > 0 {
			dst = append(dst, part[:min(len(part), room)]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return dst, err
		}
	}
}

// EachConsent reads an NDJSON file of consent records (--consent, consent
// import). A value that is malformed consent is no error of the file, because it has
// to reach the gate: notes tell of it. Its error is a *Error where lines are
// wrong; take has then seen the good ones. The record may be kept.
func EachConsent(file string, in io.Reader, notes *ConsentNotes, take func(*codec.SubjectRecord) error) error {
	bad := &Error{File: file}
	err := Each(in, func(n int, line []byte) error {
		var record codec.SubjectRecord
		// What is decoded points into its bytes, and line is used again.
		if err := codec.DecodeConsentJSON(&record, bytes.Clone(line)); err != nil {
			bad.Add(n, err)
			return nil
		}
		notes.add(file, n, &record.Record)
		return take(&record)
	})
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	return bad.Err()
}
