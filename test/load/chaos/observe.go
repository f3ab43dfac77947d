package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/traffic"
	"github.com/sluicehq/sluice/test/load/world"
)

// measure notes memory and sockets of every process until ctx ends.
func (f *fleet) measure(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, p := range f.running() {
				if u, ok := usage(p.PID()); ok {
					f.ledger.Used(p.ID, u)
				}
			}
		}
	}
}

// usage reads what the kernel knows about a process.
func usage(pid int) (ledger.Usage, bool) {
	root := "/proc/" + strconv.Itoa(pid)
	text, err := os.ReadFile(filepath.Join(root, "statm"))
	if err != nil {
		return ledger.Usage{}, false // it is gone, or this is no Linux
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return ledger.Usage{}, false
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return ledger.Usage{}, false
	}
	u := ledger.Usage{RSS: pages * int64(os.Getpagesize())}
	files, err := os.ReadDir(filepath.Join(root, "fd"))
	if err != nil {
		return u, true
	}
	for _, file := range files {
		if to, err := os.Readlink(filepath.Join(root, "fd", file.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			u.Sockets++
		}
	}
	return u, true
}

// line is what is read of a log line.
type line struct {
	Msg       string `json:"msg"`
	Address   string `json:"address"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
}

// lostMessage is the router's report of a lost range.
const lostMessage = "records were deleted before they were read"

// eachLine shows every line that any process has written.
func (f *fleet) eachLine(take func(file string, text []byte)) error {
	for _, path := range f.files() {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a log: %w", err)
		}
		for l := range bytes.Lines(text) {
			take(filepath.Base(path), bytes.TrimRight(l, "\n"))
		}
	}
	return nil
}

// learnLost tells the ledger which records the routers reported as deleted
// before they were read, since it was last called. One goroutine calls it.
func (f *fleet) learnLost(topic [16]byte) error {
	for _, path := range f.files() {
		text, err := since(path, f.learned[path])
		if err != nil {
			return err
		}
		whole := bytes.LastIndexByte(text, '\n') + 1
		f.learned[path] += int64(whole)
		for raw := range bytes.Lines(text[:whole]) {
			var l line
			if bytes.Contains(raw, []byte(lostMessage)) && json.Unmarshal(raw, &l) == nil && l.Topic == world.InputTopic {
				f.ledger.Deleted(topic, l.Partition, l.From, l.To)
			}
		}
	}
	return nil
}

// since reads what a file has from a position on.
func since(path string, from int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a log: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading a log: %w", err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("reading a log: %w", err)
	}
	return text, nil
}

// inspect looks through the logs for personal data, and for panics, which it
// returns.
func (f *fleet) inspect() (panics []string, err error) {
	err = f.eachLine(func(file string, text []byte) {
		if word := traffic.Anywhere(text); word != "" {
			f.ledger.Leaked(word + " in " + file)
		}
		if bytes.HasPrefix(text, []byte("panic: ")) || bytes.HasPrefix(text, []byte("fatal error: ")) {
			panics = append(panics, file+": "+string(text))
		}
	})
	return panics, err
}

// adminAddress finds in a process's log where it listens.
func (f *fleet) adminAddress(id string) string {
	text, err := os.ReadFile(filepath.Join(f.w.Dir, id+".log"))
	if err != nil {
		return ""
	}
	for raw := range bytes.Lines(text) {
		var l line
		if json.Unmarshal(raw, &l) == nil && l.Msg == "the admin endpoint listens" {
			return l.Address
		}
	}
	return ""
}

// get asks a process's admin endpoint.
func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", url, err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", url, err)
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, 16<<20))
}
