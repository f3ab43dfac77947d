package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// ProblemsError is everything that is wrong with resources, to be shown at
// once: mending files one error at a time is how evenings are lost.
type ProblemsError struct {
	Problems []resource.Problem
}

// Error lists every problem with its place and fix.
func (e *ProblemsError) Error() string {
	n := 0
	var b strings.Builder
	for _, p := range e.Problems {
		if !p.Warning {
			n++
		}
	}
	noun := "problems"
	if n == 1 {
		noun = "problem"
	}
	fmt.Fprintf(&b, "reading resources: %d %s", n, noun)
	for _, p := range e.Problems {
		b.WriteString("\n" + p.String())
	}
	return b.String()
}

// ReadFiles reads the YAML and JSON files of folders and single files,
// named as the user named them, so that an editor finds them by what a message
// says.
func ReadFiles(paths ...string) ([]resource.File, error) {
	var files []resource.File
	for _, name := range paths {
		info, err := os.Stat(name)
		if err != nil {
			if failed, ok := errors.AsType[*fs.PathError](err); ok {
				err = failed.Err // which says no second time what was opened
			}
			return nil, fmt.Errorf("reading resources: opening %s: %w\n  fix: give a folder or file that exists (--resources; -f for apply and diff)", name, err)
		}
		folder, below := name, "."
		if !info.IsDir() {
			folder, below = filepath.Dir(name), filepath.Base(name)
		}
		found, err := resource.ReadFS(os.DirFS(folder), below)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("reading resources: %s has no .yaml, .yml or .json file\n  fix: give the folder that has them (--resources; -f for apply and diff)", name)
		}
		for _, f := range found {
			f.Name = path.Join(filepath.ToSlash(folder), f.Name)
			files = append(files, f)
		}
	}
	return files, nil
}

// CompileFiles reads, checks and compiles resource files on their own, without
// what a cluster may hold. Its error is a *ProblemsError where the files are
// wrong; notes are returned beside a set that can be used.
func CompileFiles(in resource.Installation, paths ...string) (*resource.Set, []resource.Problem, error) {
	files, err := ReadFiles(paths...)
	if err != nil {
		return nil, nil, err
	}
	desired, problems := resource.Load(files, nil, in)
	if !resource.HasErrors(problems) {
		problems = append(problems, newProblems(problems, resource.Check(nil, desired, false, in))...)
	}
	if resource.HasErrors(problems) {
		return nil, nil, &ProblemsError{Problems: problems}
	}
	set, _ := resource.Compile(desired, in)
	return set, problems, nil
}

// newProblems are those of more that are not among known: compiling the whole
// finds again what reading a part has found. One place in a file is told once,
// whatever the resources that are made of it.
func newProblems(known, more []resource.Problem) []resource.Problem {
	place := func(p resource.Problem) resource.Problem {
		if p.Line > 0 {
			p.Resource = ""
		}
		return p
	}
	seen := make(map[resource.Problem]bool, len(known))
	for _, p := range known {
		seen[place(p)] = true
	}
	var out []resource.Problem
	for _, p := range more {
		if !seen[place(p)] {
			seen[place(p)] = true
			out = append(out, p)
		}
	}
	return out
}
