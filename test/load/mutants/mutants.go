// Package mutants shows that the ledger catches what it is there for: it plants
// known bugs in copies of the tree, one at a time, and runs chaos on each. A
// bug that is not noticed is a hole in the proof.
package mutants

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mutant is one planted bug.
type mutant struct {
	// name is that of its patch in test/mutations.
	name string
	// means says what the bug does.
	means string
	// faults show it.
	faults string
	// caught are the invariants of which one must fail.
	caught []string
}

// mutants are the bugs of the first designs, and those that are easily made.
var mutants = []mutant{
	{"claim-before-gates", "an event that a gate refuses owns its id, so that its correction is a duplicate", "kill-random", []string{"I1"}},
	{"commit-before-produce", "offsets are committed before what was decided is written", "kill-before-commit", []string{"I1", "I2", "I3"}},
	{"mark-before-answer", "an event counts as delivered before the provider has answered", "kill-before-answer,provider-down", []string{"I2"}},
	{"plain-setnx", "a record that is read again is a duplicate of itself", "kill-after-claim,redis-answers-lost", []string{"I1", "I2"}},
	{"fail-open-consent", "an event goes out although nobody has said anything", "kill-random", []string{"I1", "I7"}},
	{"no-fencing", "a restarted router does not end what its predecessor left open", "kill-before-commit", []string{"I6", "recovery"}},
}

// Outcome is what became of one mutant.
type Outcome struct {
	Mutant string   `json:"mutant"`
	Means  string   `json:"means"`
	Caught bool     `json:"caught"`
	By     []string `json:"by"` // invariants that failed
	Lost   int      `json:"lost"`
	Seed   uint64   `json:"seed"`
	Error  string   `json:"error,omitempty"`
}

// options of a run.
type options struct {
	root     string
	only     []string
	duration time.Duration
	seed     uint64
	tries    int
	say      func(string)
}

// run plants every bug.
func run(ctx context.Context, o options) (all []Outcome, err error) {
	copied, err := os.MkdirTemp("", "loadgen-mutants-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for copies of the tree: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(copied)) }()
	for _, m := range mutants {
		if len(o.only) > 0 && !contains(o.only, m.name) {
			continue
		}
		o.say(m.name + ": " + m.means)
		out := Outcome{Mutant: m.name, Means: m.means}
		if err := plant(ctx, o, m, filepath.Join(copied, m.name), &out); err != nil {
			if ctx.Err() != nil {
				return all, ctx.Err()
			}
			out.Error = err.Error()
		}
		o.say(fmt.Sprintf("%s: caught: %v, by %v", m.name, out.Caught, out.By))
		all = append(all, out)
	}
	return all, nil
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// plant copies the tree, applies the patch, builds and runs chaos. A bug that
// needs a certain moment gets several tries.
func plant(ctx context.Context, o options, m mutant, dir string, out *Outcome) (err error) {
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := copyTree(o.root, dir); err != nil {
		return err
	}
	patch, err := filepath.Abs(filepath.Join(o.root, "test", "mutations", m.name+".patch"))
	if err != nil {
		return fmt.Errorf("finding the patch: %w", err)
	}
	program := filepath.Join(dir, "loadgen-mutant")
	for _, step := range [][]string{
		{"git", "apply", "--recount", "-C1", patch},
		{"go", "build", "-o", program, "./cmd/loadgen"},
	} {
		cmd := exec.CommandContext(ctx, step[0], step[1:]...) //nolint:gosec // G204: these very commands
		cmd.Dir = dir
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("running %s: %w\n%s", step[0], err, text)
		}
	}
	for i := range o.tries {
		if err := chaos(ctx, o, m, program, o.seed+uint64(i), out); err != nil || out.Caught {
			return err
		}
	}
	return nil
}

// chaos runs the mutant's chaos and looks for what it must have noticed.
func chaos(ctx context.Context, o options, m mutant, program string, seed uint64, out *Outcome) error {
	out.Seed = seed
	report := fmt.Sprintf("%s-%d.json", program, seed)
	cmd := exec.CommandContext(ctx, program, "chaos", "--faults", m.faults, "--duration", o.duration.String(), //nolint:gosec // G204: built above
		"--seed", fmt.Sprint(seed), "--settle", "20s", "--report", report)
	cmd.Stderr = prefixed{o.say}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("running chaos on a mutant: %w", err)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		return fmt.Errorf("reading the report about a mutant: %w", err)
	}
	var result struct {
		Lost       int `json:"lost"`
		Invariants []struct {
			ID       string `json:"id"`
			Failures int    `json:"failures"`
		} `json:"invariants"`
		Problems []string `json:"problems"`
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return fmt.Errorf("reading what chaos said about a mutant: %w", err)
	}
	out.Lost, out.By = result.Lost, nil
	for _, i := range result.Invariants {
		if i.Failures > 0 {
			out.By = append(out.By, i.ID)
		}
	}
	if len(result.Problems) > 0 {
		out.By = append(out.By, "recovery")
	}
	for _, by := range out.By {
		out.Caught = out.Caught || contains(m.caught, by)
	}
	return nil
}

// prefixed passes lines on.
type prefixed struct{ say func(string) }

// Write implements io.Writer.
func (p prefixed) Write(b []byte) (int, error) {
	p.say("    " + strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// copyTree copies what a build needs.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return fmt.Errorf("copying the tree: %w", err)
		}
		if d.IsDir() {
			if rel == ".git" || rel == "bin" || rel == "tools" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o750)
		}
		if !d.Type().IsRegular() || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // G122: the tree is the developer's own
		if err != nil {
			return fmt.Errorf("copying the tree: %w", err)
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o600) //nolint:gosec // G703: below a folder of our own
	})
}
