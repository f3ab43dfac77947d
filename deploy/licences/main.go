// Command licences writes the licence texts of everything that a Go binary is
// made of: what the linker wrote into the binary names the modules, and the
// module cache has their texts. Most of them may only be passed on with their
// text, so a module without one fails the build.
package main

import (
	"bytes"
	"cmp"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

func main() {
	output := flag.String("output", "", "file to write")
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0), *output); err != nil {
		fmt.Fprintln(os.Stderr, "licences: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, output string) error {
	if binary == "" || output == "" {
		return errors.New("want --output FILE and a binary")
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("reading what %s is made of: %w", binary, err)
	}
	text, err := texts(ctx, info)
	if err != nil {
		return err
	}
	if err := os.WriteFile(output, text, 0o644); err != nil { //nolint:gosec // G306: everybody may read licences
		return fmt.Errorf("writing licences: %w", err)
	}
	return nil
}

// module is one module in the module cache, as `go mod download -json` has it.
type module struct {
	Path    string `json:"Path"`
	Version string `json:"Version"`
	Dir     string `json:"Dir"`
	Error   string `json:"Error"`
}

// goItself is listed as a module whose folder is the toolchain's: only the text
// at its top is of what a binary has.
const goItself = "The Go standard library"

// texts gives the texts of Go itself and of every module, in order of their
// names.
func texts(ctx context.Context, info *debug.BuildInfo) ([]byte, error) {
	modules, err := find(ctx, info.Deps)
	if err != nil {
		return nil, err
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("asking for Go's own licence: %w", err)
	}
	modules = append(modules, module{Path: goItself, Version: info.GoVersion, Dir: strings.TrimSpace(string(root))})
	var out bytes.Buffer
	out.WriteString("Licences of what is in the binary beside Sluice itself, whose licence is in LICENSE.\n")
	for _, m := range modules {
		if err := m.write(&out); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// find asks for the folders of modules, which are checked against go.sum and
// fetched where they are not there.
func find(ctx context.Context, deps []*debug.Module) ([]module, error) {
	args := []string{"mod", "download", "-json"}
	for _, d := range deps {
		if d.Replace != nil {
			d = d.Replace
		}
		args = append(args, d.Path+"@"+d.Version)
	}
	if len(deps) == 0 {
		return nil, nil
	}
	command := exec.CommandContext(ctx, "go", args...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("finding the modules: %w: %s", err, stderr.String())
	}
	var modules []module
	for in := json.NewDecoder(bytes.NewReader(text)); ; {
		var m module
		err := in.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || m.Error != "" {
			return nil, fmt.Errorf("finding module %s: %w", m.Path, cmp.Or(err, errors.New(m.Error)))
		}
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b module) int { return cmp.Compare(a.Path, b.Path) })
	return modules, nil
}

// legal are the names of files that are passed on, wherever they lie in a
// module: code that it took over keeps a text of its own beside it.
var (
	legal   = regexp.MustCompile(`(?i)^(licen[cs]es?|copying|unlicense|notice|patents)([._-].*)?$`)
	licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)`)
	sources = []string{".go", ".s", ".c", ".h"}
)

// maxText bounds one file; the longest licences have 50 KiB.
const maxText = 1 << 20

func (m module) write(out *bytes.Buffer) error {
	licensed := false
	fsys := os.DirFS(m.Dir)
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (entry.Name() == "testdata" || m.Path == goItself):
			return fs.SkipDir
		case entry.IsDir() || !legal.MatchString(entry.Name()) || slices.Contains(sources, path.Ext(name)):
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if len(text) > maxText {
			return fmt.Errorf("%s is larger than %d bytes", name, maxText)
		}
		licensed = licensed || !strings.Contains(name, "/") && licence.MatchString(name)
		fmt.Fprintf(out, "\n%s\n%s %s: %s\n%s\n\n%s\n", rule, m.Path, m.Version, filepath.ToSlash(name), rule, bytes.TrimSpace(text))
		return nil
	})
	if err == nil && !licensed {
		err = errors.New("it has no licence text: find out whether it may be passed on")
	}
	if err != nil {
		return fmt.Errorf("reading the licence of %s %s: %w", m.Path, m.Version, err)
	}
	return nil
}

var rule = strings.Repeat("=", 80)
