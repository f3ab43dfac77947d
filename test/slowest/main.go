// Command slowest reads what `go test -json` writes, tells the packages'
// results as `go test` does, with the output of what failed, and ends with the
// slowest packages and tests: `make test-slowest`.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	most := flag.Int("n", 25, "how many packages and tests to show")
	flag.Parse()
	ok, err := run(os.Stdin, os.Stdout, *most)
	if err != nil {
		fmt.Fprintln(os.Stderr, "slowest:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action  string `json:"Action"`
	Package string `json:"Package"`
	Test    string `json:"Test"`
	Output  string `json:"Output"`
	// ImportPath is what a build's output is about.
	ImportPath string  `json:"ImportPath"`
	Elapsed    float64 `json:"Elapsed"` // s; of a parallel test without its wait for a place
}

// took is how long a package or a test took.
type took struct {
	name    string
	seconds float64
}

// report is what has been read so far.
type report struct {
	out             io.Writer
	written         map[string][]string // output by package and test, until it has passed
	packages, tests []took
	failed          bool
}

// run gives false where something failed.
func run(in io.Reader, out io.Writer, most int) (bool, error) {
	r := report{out: out, written: map[string][]string{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, fmt.Errorf("reading the tests' output: %w", err)
		}
	}
	if len(r.packages) == 0 {
		return false, fmt.Errorf("no package's result was read: want the output of go test -json")
	}
	r.table("SLOWEST PACKAGES", r.packages, most)
	r.table("SLOWEST TESTS", r.tests, most)
	return !r.failed, nil
}

// line takes one event; what is none (a panic of the go command) is passed on.
func (r *report) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		fmt.Fprintf(r.out, "%s", line)
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		r.written[key] = append(r.written[key], e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "build-fail":
		r.failed = true
	case "pass", "skip", "fail":
		if e.Action == "fail" {
			r.failed = true
			r.tell(key)
		}
		r.ended(&e)
		delete(r.written, key)
	}
}

// ended notes how long something took; a package's result is its last line.
func (r *report) ended(e *event) {
	if e.Test != "" {
		r.tests = append(r.tests, took{e.Package + " " + e.Test, e.Elapsed})
		return
	}
	r.packages = append(r.packages, took{e.Package, e.Elapsed})
	if said := r.written[e.Package+" "]; e.Action != "fail" && len(said) > 0 {
		fmt.Fprint(r.out, said[len(said)-1])
	}
}

func (r *report) tell(key string) {
	for _, text := range r.written[key] {
		fmt.Fprint(r.out, text)
	}
}

func (r *report) table(title string, all []took, most int) {
	total := 0.0
	for _, t := range all {
		total += t.seconds
	}
	slices.SortStableFunc(all, func(a, b took) int { return cmp.Compare(b.seconds, a.seconds) })
	fmt.Fprintf(r.out, "\n%s (%d, together %.1f s)\n", title, len(all), total)
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, t := range all[:min(most, len(all))] {
		fmt.Fprintf(w, "%.2f s\t %s\n", t.seconds, strings.TrimPrefix(t.name, "github.com/sluicehq/sluice/"))
	}
	_ = w.Flush() // into out, whose errors show in what is missing
}
