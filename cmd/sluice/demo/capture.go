package demo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

// capture writes what left and what was decided to files. A nil capture
// writes nothing.
type capture struct {
	mu          sync.Mutex
	requests    *file
	diagnostics *file
	err         error
}

// file is a buffered file.
type file struct {
	f *os.File
	w *bufio.Writer
}

func createFile(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("capturing: %w", err)
	}
	if err := f.Chmod(0o600); err != nil { // an older file keeps its mode otherwise
		return nil, fmt.Errorf("capturing: %w", errors.Join(err, f.Close()))
	}
	return &file{f: f, w: bufio.NewWriter(f)}, nil
}

func (f *file) close() error { return errors.Join(f.w.Flush(), f.f.Close()) }

// openCapture makes requests.ndjson and diagnostics.ndjson in dir, for nobody
// else to read: requests hold personal data, if only hashed. An empty dir
// captures nothing.
func openCapture(dir string) (*capture, error) {
	if dir == "" {
		return nil, nil //nolint:nilnil // no capture is a valid capture, see the type
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("capturing: %w", err)
	}
	requests, err := createFile(filepath.Join(dir, "requests.ndjson"))
	if err != nil {
		return nil, err
	}
	diagnostics, err := createFile(filepath.Join(dir, "diagnostics.ndjson"))
	if err != nil {
		return nil, errors.Join(err, requests.close())
	}
	return &capture{requests: requests, diagnostics: diagnostics}, nil
}

// request is the captured form of one exchange: a public contract.
type request struct {
	Provider string          `json:"provider"`
	Method   string          `json:"method"`
	URL      string          `json:"url"`
	Headers  map[string]any  `json:"headers"`
	Body     json.RawMessage `json:"body"`
	Status   int             `json:"status"`
	Response json.RawMessage `json:"response"`
	Fault    string          `json:"fault,omitempty"`
}

// exchange takes one request that the sandbox saw.
func (c *capture) exchange(x sandbox.Exchange) {
	if c == nil || (x.Operation != sandbox.OpEvents && x.Operation != sandbox.OpIngest) {
		return
	}
	headers := make(map[string]any, len(x.Header))
	for name, values := range x.Header {
		if len(values) == 1 {
			headers[name] = values[0]
		} else {
			headers[name] = values
		}
	}
	// Not Marshal, which escapes & < > inside the body too: these are the bytes
	// that left, and explain's payload must be found in them.
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	err := enc.Encode(request{
		Provider: x.Provider, Method: x.Method, URL: x.URL, Headers: headers, Body: asJSON(x.Body),
		Status: x.Status, Response: asJSON(x.Response), Fault: x.Fault,
	})
	c.write(c.requests, bytes.TrimSuffix(line.Bytes(), []byte("\n")), err)
}

// asJSON keeps JSON as it is and quotes anything else.
func asJSON(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return json.RawMessage(`null`)
	}
	return quoted
}

// decision takes one diagnostic.
func (c *capture) decision(d *decision.Decision) {
	if c == nil {
		return
	}
	c.write(c.diagnostics, codec.AppendDiagnosticJSON(nil, d), nil)
}

func (c *capture) write(f *file, line []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		_, err = f.w.Write(append(line, '\n'))
	}
	if err != nil && c.err == nil {
		c.err = err
	}
}

func (c *capture) close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.err, c.requests.close(), c.diagnostics.close())
}
