package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A runbook is its own test: the commands of its console blocks are run word
// by word and in order, against an installation in the situation that the page
// is about. What stands below a command must appear in the answer, line by line
// and in this order; "..." stands for what differs. A comment may promise
// another exit code than 0.

// part is what stands under one heading of a runbook.
type part struct {
	title string
	steps []step
}

// step is one command line with what the page says about it.
type step struct {
	page  string
	line  int
	text  string // without the comment
	whole string // with it, spaces counting as one
	code  int
	shows []string
}

func (s step) String() string { return fmt.Sprintf("%s:%d: $ %s", s.page, s.line, s.text) }

var (
	heading  = regexp.MustCompile(`^## +(.+)$`)
	comment  = regexp.MustCompile(`\s+# (.*)$`)
	exitCode = regexp.MustCompile(`exit code (\d+)`)
)

// readRunbook takes a page apart. What stands before the first heading belongs
// to a part without a title.
func readRunbook(page, text string) ([]part, error) {
	parts := []part{{}}
	console, fenced, indent := false, false, ""
	for i, line := range strings.Split(text, "\n") {
		last := &parts[len(parts)-1]
		steps := len(last.steps)
		bare := strings.TrimLeft(line, " ")
		if fenced {
			line = strings.TrimPrefix(line, indent)
		}
		switch {
		case strings.HasPrefix(bare, "```"):
			fenced = !fenced
			console = fenced && bare == "```console"
			indent = strings.Repeat(" ", strings.Index(line, "`"))
		case !fenced:
			if m := heading.FindStringSubmatch(line); m != nil {
				parts = append(parts, part{title: m[1]})
			}
		case !console:
			return nil, fmt.Errorf("%s:%d: a block that is not tried; runbooks have console blocks only", page, i+1)
		case strings.HasPrefix(line, "$ "):
			last.steps = append(last.steps, readStep(page, i+1, line[2:]))
		case steps == 0:
			return nil, fmt.Errorf("%s:%d: an answer without a command", page, i+1)
		case strings.TrimSpace(line) != "...":
			last.steps[steps-1].shows = append(last.steps[steps-1].shows, line)
		}
	}
	return parts, nil
}

func readStep(page string, line int, text string) step {
	s := step{page: page, line: line, text: text, whole: strings.Join(strings.Fields(text), " ")}
	if m := comment.FindStringSubmatch(text); m != nil {
		s.text = strings.TrimSpace(strings.TrimSuffix(text, m[0]))
		if code := exitCode.FindStringSubmatch(m[1]); code != nil {
			s.code, _ = strconv.Atoi(code[1]) // digits
		}
	}
	return s
}

// shown is one promised line as a pattern: spaces count as one, and "..."
// stands for anything within the line.
func shown(line string) *regexp.Regexp {
	pieces := strings.Split(strings.Join(strings.Fields(line), " "), "...")
	for i := range pieces {
		pieces[i] = regexp.QuoteMeta(strings.TrimSpace(pieces[i]))
	}
	return regexp.MustCompile(strings.Join(pieces, ".*"))
}

// missing gives the first promised line that an answer does not have.
func (s step) missing(answer string) string {
	lines := strings.Split(answer, "\n")
	for _, want := range s.shows {
		pattern, found := shown(want), false
		for len(lines) > 0 && !found {
			found = pattern.MatchString(strings.Join(strings.Fields(lines[0]), " "))
			lines = lines[1:]
		}
		if !found {
			return want
		}
	}
	return ""
}

// operator follows runbooks.
type operator struct {
	// run runs a command of this tool.
	run func(ctx context.Context, args ...string) result
	// dir is the folder that the operator is in.
	dir string
	// hands are the lines that are no command of this tool, word by word with
	// their comments, and what they do to the installation.
	hands map[string]func() error
	// patience is how long to look again until what is promised shows.
	patience time.Duration
	// say is told every answer that is taken.
	say  func(step, result)
	used map[string]bool
}

// follow does what a part says.
func (o *operator) follow(ctx context.Context, p part) error {
	for _, s := range p.steps {
		if err := o.take(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// take takes one step.
func (o *operator) take(ctx context.Context, s step) error {
	args, err := split(s.text)
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	if args[0] != "sluice" {
		hand := o.hands[s.whole]
		if hand == nil {
			return fmt.Errorf("%s: no command of this tool, and the test does not know it", s)
		}
		o.used[s.whole] = true
		if err := hand(); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		return nil
	}
	args = args[1:]
	deadline := time.NewTimer(o.patience)
	defer deadline.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		got, err := o.once(ctx, s, args)
		if err == nil || !looks(args) {
			o.say(s, got)
			return err
		}
		select {
		case <-again.C:
		case <-deadline.C:
			return err
		}
	}
}

// once runs a command and compares.
func (o *operator) once(ctx context.Context, s step, args []string) (result, error) {
	args, out := o.here(args)
	got := o.run(ctx, args...)
	if got.code != s.code {
		return got, fmt.Errorf("%s: exit code %d instead of %d\n%s%s", s, got.code, s.code, got.stdout, got.stderr)
	}
	if line := s.missing(got.stdout + got.stderr); line != "" {
		return got, fmt.Errorf("%s: the answer has no line, or not in this place, such as\n%s\n--- but\n%s%s", s, line, got.stdout, got.stderr)
	}
	if out == "" {
		return got, nil
	}
	return got, os.WriteFile(out, []byte(got.stdout), 0o600)
}

// here leads names of files into the operator's folder, and takes off where
// the answer is to be written.
func (o *operator) here(args []string) (command []string, out string) {
	if n := len(args); n > 2 && args[n-2] == ">" {
		args, out = args[:n-2], filepath.Join(o.dir, args[n-1])
	}
	for _, a := range args {
		path := filepath.Join(o.dir, a)
		if _, err := os.Stat(path); err == nil && a != "" && !strings.HasPrefix(a, "-") {
			a = path
		}
		command = append(command, a)
	}
	return command, out
}

// looks tells whether a command changes nothing, so that it may be repeated
// until the installation is where the page says.
func looks(args []string) bool {
	if strings.Contains(strings.Join(args, " "), "--dry-run") {
		return true
	}
	looking := map[string]bool{
		"health": true, "destinations": true, "trace": true, "tail": true, "doctor": true, "reconcile": true, "data-flow": true, "history": true,
		"export": true, "diff": true, "version": true, "dlq summary": true, "dlq peek": true, "consent get": true, "topology diff": true,
		"schemas check": true,
	}
	return looking[args[0]] || len(args) > 1 && looking[args[0]+" "+args[1]]
}

// split takes a command line apart as a shell does, as far as these pages
// need it: words, and quotes without escapes.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '"' || c == '\'':
			quote, begun = c, true
		case strings.ContainsRune("|&;<$`\\", c):
			return nil, fmt.Errorf("reading the command line: %q needs a shell", c)
		case c == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	if quote != 0 || len(words) == 0 {
		return nil, errors.New("reading the command line: it is empty or a quote is open")
	}
	return words, nil
}
