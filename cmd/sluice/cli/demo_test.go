package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

var (
	exampleEvents    = filepath.Join("..", "..", "..", "examples", "events.ndjson")
	exampleResources = filepath.Join("..", "..", "..", "examples", "resources.yaml")
)

// Events whose customers the demo does not know add up to nothing: the report
// says what to do.
func TestDemoSaysThatNothingIsMapped(t *testing.T) {
	t.Parallel()
	got := run(t, "demo", "--input", exampleEvents)
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "none of these customers and events has a mapping here; use --resources DIR")

	got = run(t, "demo", "--input", exampleEvents, "--resources", exampleResources)
	require.Zero(t, got.code, got.stderr)
	require.NotContains(t, got.stdout, "has a mapping")
	require.Contains(t, got.stdout, "It adds up: nothing lost, nothing doubled.")
}

// TestDemoSaysWhichLinesAreNoEvents: the accounting only counts them.
func TestDemoSaysWhichLinesAreNoEvents(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(goodEvent+"\n"+badEvent+"\nnonsense\n"+misspeltEvent+"\n"), 0o600))
	got := run(t, "demo", "--input", file)
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stderr, "2 bad lines")
	require.Contains(t, got.stderr, file+":2: field event_name")
	require.Contains(t, got.stderr, file+":3: the value is not a JSON object")
	require.Contains(t, got.stderr, file+":4: unknown member consnt (ignored); did you mean consent?")
	require.NotContains(t, got.stdout, "consnt")

	for _, flag := range []string{"--input", "--consent", "--resources"} {
		missing := run(t, "demo", flag, "nowhere")
		require.Equal(t, 2, missing.code)
		require.Contains(t, missing.stderr, "opening nowhere: no such file or directory\n  fix: correct the path behind "+flag)
	}
}

// What a demo serves with the resources of somebody else begins empty: the
// events that it would make belong to its own customers.
func TestDemoServesResourcesWithoutEventsOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   []string
		events float64
	}{{nil, 0}, {[]string{"--events", "7"}, 7}, {[]string{"--input", exampleEvents}, 10}} {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var out bytes.Buffer
		told, writer := io.Pipe()
		done := make(chan int, 1)
		go func() {
			args := append([]string{"demo", "--serve", "--resources", exampleResources, "--output", "json"}, c.args...)
			done <- cli.Main(ctx, cli.Streams{In: strings.NewReader(""), Out: &out, Err: writer}, "test", args, nil)
			_ = writer.Close() // never fails
		}()
		lines := bufio.NewScanner(told)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "From another terminal") {
				stop()
			}
		}
		require.Zero(t, <-done)
		require.EqualValues(t, c.events, unjson(t, out.String())["events_read"], "%v", c.args)
	}
}

// Captured requests hold personal data: nobody else may read them, also where
// an older file stood.
func TestDemoCapturesForItsUserOnly(t *testing.T) {
	t.Parallel()
	fresh, old := filepath.Join(t.TempDir(), "captured"), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(old, "requests.ndjson"), nil, 0o644))
	for _, dir := range []string{fresh, old} {
		got := run(t, "demo", "--events", "0", "--capture", dir)
		require.Zero(t, got.code, got.stderr)
		for _, name := range []string{"requests.ndjson", "diagnostics.ndjson"} {
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
		}
	}
	info, err := os.Stat(fresh)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

// A lost answer makes copies at the provider: they are shown, and said to be
// expected.
func TestDemoShowsCopiesOfLostAnswers(t *testing.T) {
	t.Parallel()
	got := run(t, "demo", "--events", "300", "--faults", "lost-answer")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, `seen twice by a provider +[1-9]\d* +0 +expected: an answer was lost`, got.stdout)
	require.Regexp(t, `nothing lost, nothing handed over twice; [1-9]\d* events? came in copies with the same ids\.`, got.stdout)
}

// The report of the demo's own customers fits a terminal, whatever the number
// of providers; a line of it stands for each of them.
func TestDemoReportFitsATerminal(t *testing.T) {
	t.Parallel()
	got := run(t, "demo")
	require.Zero(t, got.code, got.stderr)
	lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	require.LessOrEqual(t, len(lines), 60, got.stdout)
	for _, line := range lines {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 100, line)
	}
	for _, name := range sandbox.Providers() {
		require.Regexp(t, `(?m)^ `+name+` +[1-9].* ok *$`, got.stdout)
	}
	require.Regexp(t, `(?m)^ kiosko +0 +[1-9]\d* *$`, got.stdout, "nothing of it is delivered")
}

// With --details every destination, reason and sum has a line of its own.
func TestDemoDetails(t *testing.T) {
	t.Parallel()
	got := run(t, "demo", "--events", "400", "--details")
	require.Zero(t, got.code, got.stderr)
	for _, name := range sandbox.Providers() {
		require.Contains(t, got.stdout, " "+name+": deliveries = their ends")
	}
	require.Regexp(t, `(?m)^ northwind-meta +skipped +consent\.denied +[1-9]`, got.stdout)
	require.Regexp(t, `(?m)^ ledgerly-linkedin +[1-9]`, got.stdout)
}
