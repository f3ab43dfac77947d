package cli_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what commands print into testdata/text")

// TestText holds what people read: each file of testdata/text is a folder of
// files, the command line in its comment, and what it printed. -update writes
// the latter.
func TestText(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/text/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			got := printed(t, archive)
			if *update {
				archive.Files = append(archive.Files[:len(archive.Files)-1], txtar.File{Name: "want", Data: []byte(got)})
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
				return
			}
			require.Equal(t, string(archive.Files[len(archive.Files)-1].Data), got)
		})
	}
}

// printed runs the command lines of a file, those that begin with $, and gives
// what they printed, with the folder's name taken out.
func printed(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir()}
	if strings.Contains(string(archive.Comment), "(services)") {
		s = ready(t)
	}
	for _, f := range archive.Files[:len(archive.Files)-1] {
		s.file(f.Name, string(f.Data))
	}
	var b strings.Builder
	for line := range strings.Lines(string(archive.Comment)) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ sluice ")
		if !ok {
			continue
		}
		args := strings.Fields(strings.ReplaceAll(command, "./", s.dir+"/"))
		got := result{}
		if s.services != nil {
			got = s.run(args...)
		} else {
			got = run(t, args...)
		}
		fmt.Fprintf(&b, "$ sluice %s\n%s", command, got.stdout)
		if got.stderr != "" {
			b.WriteString("[stderr]\n" + got.stderr)
		}
		if got.code != 0 {
			fmt.Fprintf(&b, "[exit %d]\n", got.code)
		}
	}
	return strings.ReplaceAll(b.String(), s.dir+"/", "./")
}
