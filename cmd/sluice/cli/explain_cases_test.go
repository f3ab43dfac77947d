package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// The cases of testdata/explain are the gates' document as a table: what every
// sentence of docs/gates.md means for one event, run through the command that
// users run. A file has
//
//	a comment, in which "at: TIME" sets the clock
//	-- resources.yaml --   what is applied
//	-- base.json --        the event that every case of the file begins with
//	-- strings --          name = value, for "$name" in a case
//	-- cases --
//	# What must hold, in one sentence.
//	record {...}           a consent record of the case's subject
//	event {...}            what differs from the base (a JSON merge patch)
//	raw ...                a line as it is, in place of an event
//	> destination status reason      one for each answer, in order
//	  = path value         the answer has this value there
//	  has path             the answer has something there
//	  no path              the answer has nothing there
//	  says path text       the answer's text there contains text
//
// Every event has its own event, transaction and subject id unless it says
// otherwise. "now-47h" is a time relative to the clock.
func TestExplainCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/explain/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	total := 0
	for _, file := range files {
		f := readCases(t, file)
		total += len(f.lines)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			f.run(t)
		})
	}
	require.GreaterOrEqual(t, total, 300, "the table has lost cases")
}

// caseFile is one file of the table.
type caseFile struct {
	at        time.Time
	resources []byte
	base      map[string]any
	strings   map[string]string
	cases     []explainCase
	lines     []string // of events.ndjson
	records   []string // of consent.ndjson
}

type explainCase struct {
	sentence string
	events   []caseEvent
}

type caseEvent struct {
	line    int
	at      string // file:line
	answers []expectation
}

type expectation struct {
	destination, status, reason string
	checks                      []check
}

type check struct{ verb, path, value string }

const casesNow = "2026-11-20T12:00:00Z"

// casesBase is the event that a file without a base begins with: a purchase in
// a German web shop, by somebody who has agreed to everything.
const casesBase = `{
  "customer_id": "acme", "event_name": "transaction.purchase", "event_time": "now-10m", "source": "web",
  "page": {"url": "https://shop.example/checkout"},
  "device": {"ip": "81.2.69.142", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"},
  "location": {"country": "DE"},
  "identity": {"emails": ["anna@example.com"]},
  "consent": {"ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "granted"},
  "commerce": {"value": 49.9, "currency": "EUR"}
}`

func readCases(t *testing.T, file string) *caseFile {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	require.NoError(t, err)
	f := &caseFile{strings: map[string]string{}}
	at, base := casesNow, []byte(casesBase)
	for line := range strings.Lines(string(archive.Comment)) {
		if clock, ok := strings.CutPrefix(line, "at: "); ok {
			at = strings.TrimSpace(clock)
		}
	}
	f.at, err = time.Parse(time.RFC3339, at)
	require.NoError(t, err, file)
	var cases []byte
	for _, section := range archive.Files {
		switch section.Name {
		case "resources.yaml":
			f.resources = section.Data
		case "base.json":
			base = section.Data
		case "strings":
			for line := range strings.Lines(string(section.Data)) {
				if name, value, ok := strings.Cut(line, "="); ok {
					f.strings[strings.TrimSpace(name)] = strings.TrimSpace(value)
				}
			}
		case "cases":
			cases = section.Data
		default:
			t.Fatalf("%s: unknown section %s", file, section.Name)
		}
	}
	require.NoError(t, json.Unmarshal(base, &f.base), file)
	f.parse(t, file, string(cases))
	return f
}

func (f *caseFile) parse(t *testing.T, file, text string) {
	t.Helper()
	n := 0
	for line := range strings.Lines(text) {
		n++
		at := fmt.Sprintf("%s, line %d of the cases", file, n)
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.TrimSpace(rest)
		switch verb {
		case "":
		case "#":
			f.sentence(line, rest)
		case "record":
			f.record(t, at, rest)
		case "event":
			f.event(t, at, rest)
		case "raw":
			f.add(at, f.expand(rest))
		case ">":
			words := strings.Fields(rest)
			require.Len(t, words, 3, at)
			e := f.lastEvent()
			e.answers = append(e.answers, expectation{destination: words[0], status: words[1], reason: words[2]})
		case "=", "has", "no", "says":
			path, value, _ := strings.Cut(rest, " ")
			answers := f.lastEvent().answers
			require.NotEmpty(t, answers, "%s: a check needs an answer before it", at)
			last := &answers[len(answers)-1]
			last.checks = append(last.checks, check{verb, path, f.expand(value)})
		default:
			t.Fatalf("%s: unknown verb %q", at, verb)
		}
	}
}

// sentence begins a case; a comment in several lines is one sentence.
func (f *caseFile) sentence(line, rest string) {
	if n := len(f.cases); n > 0 && len(f.cases[n-1].events) == 0 && strings.HasPrefix(line, "#") {
		f.cases[n-1].sentence += " " + rest
		return
	}
	f.cases = append(f.cases, explainCase{sentence: rest})
}

func (f *caseFile) lastEvent() *caseEvent {
	c := &f.cases[len(f.cases)-1]
	return &c.events[len(c.events)-1]
}

func (f *caseFile) subject() string { return fmt.Sprintf("s%d", len(f.cases)) }

func (f *caseFile) record(t *testing.T, at, patch string) {
	t.Helper()
	record := map[string]any{"customer_id": "acme", "subject_id": f.subject(), "updated_at": "now-1h"}
	f.records = append(f.records, f.merged(t, at, record, patch))
}

func (f *caseFile) event(t *testing.T, at, patch string) {
	t.Helper()
	n := len(f.lines) + 1
	event := clone(f.base)
	event["event_id"] = fmt.Sprintf("e%d", n)
	event["subject_id"] = f.subject()
	if commerce, ok := event["commerce"].(map[string]any); ok {
		commerce["transaction_id"] = fmt.Sprintf("t%d", n)
	}
	f.add(at, f.merged(t, at, event, patch))
}

func (f *caseFile) add(at, line string) {
	f.lines = append(f.lines, line)
	c := &f.cases[len(f.cases)-1]
	c.events = append(c.events, caseEvent{line: len(f.lines), at: at})
}

func clone(v map[string]any) map[string]any {
	out := make(map[string]any, len(v))
	for key, value := range v {
		if inner, ok := value.(map[string]any); ok {
			value = clone(inner)
		}
		out[key] = value
	}
	return out
}

// merged applies a JSON merge patch (RFC 7396) and gives one line of JSON.
func (f *caseFile) merged(t *testing.T, at string, base map[string]any, patch string) string {
	t.Helper()
	if patch != "" {
		var p map[string]any
		require.NoError(t, json.Unmarshal([]byte(patch), &p), at)
		merge(base, p)
	}
	text, err := json.Marshal(base)
	require.NoError(t, err, at)
	return f.expand(string(text))
}

func merge(into, patch map[string]any) {
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		old, wasMap := into[key].(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isMap && wasMap:
			merge(old, inner)
		default:
			into[key] = value
		}
	}
}

var (
	relativeTime = regexp.MustCompile(`"now([+-][0-9hms.]+)?"`)
	namedString  = regexp.MustCompile(`"\$([a-z0-9-]+)"`)
)

// expand replaces "now-47h" and "$name".
func (f *caseFile) expand(text string) string {
	text = relativeTime.ReplaceAllStringFunc(text, func(found string) string {
		shift, err := time.ParseDuration(strings.TrimPrefix(strings.Trim(found, `"`), "now") + "0s")
		if err != nil {
			return found
		}
		return `"` + f.at.Add(shift).Format(time.RFC3339Nano) + `"`
	})
	return namedString.ReplaceAllStringFunc(text, func(found string) string {
		if value, ok := f.strings[found[2:len(found)-1]]; ok {
			return `"` + value + `"`
		}
		return found
	})
}

func (f *caseFile) run(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	args := []string{
		"explain", "--at", f.at.Format(time.RFC3339), "--output", "json",
		"--resources", write("resources.yaml", string(f.resources)),
		"--events", write("events.ndjson", strings.Join(f.lines, "\n")+"\n"),
	}
	if len(f.records) > 0 {
		args = append(args, "--consent", write("consent.ndjson", strings.Join(f.records, "\n")+"\n"))
	}
	got := run(t, args...)
	require.Equal(t, 0, got.code, got.stderr)
	answers := map[int][]map[string]any{}
	for line := range strings.Lines(got.stdout) {
		var answer map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &answer))
		n := int(answer["line"].(float64))
		answers[n] = append(answers[n], answer)
	}
	for _, c := range f.cases {
		t.Run(c.sentence, func(t *testing.T) {
			for _, e := range c.events {
				e.judge(t, answers[e.line])
			}
		})
	}
}

func (e *caseEvent) judge(t *testing.T, answers []map[string]any) {
	t.Helper()
	var want, got []string
	for _, x := range e.answers {
		want = append(want, x.destination+" "+x.status+" "+x.reason)
	}
	for _, a := range answers {
		where, _ := a["destination_id"].(string)
		if where == "" {
			where = "-"
		}
		got = append(got, fmt.Sprintf("%s %s %s", where, a["status"], a["reason"]))
	}
	require.Equal(t, want, got, "%s: %v", e.at, answers)
	for i, x := range e.answers {
		queued := x.status == "queued" || x.status == "shadowed"
		_, sends := answers[i]["payload"]
		require.Equal(t, queued, sends, "%s: a payload is there exactly where the event would be sent", e.at)
		for _, c := range x.checks {
			c.judge(t, e.at, answers[i])
		}
	}
}

func (c check) judge(t *testing.T, at string, answer map[string]any) {
	t.Helper()
	found, ok := lookUp(answer, strings.Split(c.path, "."))
	switch c.verb {
	case "has":
		require.True(t, ok, "%s: nothing at %s in %v", at, c.path, answer)
	case "no":
		require.False(t, ok, "%s: %v at %s", at, found, c.path)
	case "says":
		require.Contains(t, fmt.Sprint(found), c.value, "%s: %s", at, c.path)
	case "=":
		var want any
		require.NoError(t, json.Unmarshal([]byte(c.value), &want), "%s: %s", at, c.value)
		require.Equal(t, want, found, "%s: %s in %v", at, c.path, answer)
	}
}

// lookUp follows keys, list positions, and key=value for the first member of a
// list that has it.
func lookUp(v any, path []string) (any, bool) {
	for _, step := range path {
		switch node := v.(type) {
		case map[string]any:
			next, ok := node[step]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			next, ok := member(node, step)
			if !ok {
				return nil, false
			}
			v = next
		default:
			return nil, false
		}
	}
	return v, true
}

func member(list []any, step string) (any, bool) {
	if key, want, ok := strings.Cut(step, "="); ok {
		for _, item := range list {
			if node, isMap := item.(map[string]any); isMap && fmt.Sprint(node[key]) == want {
				return item, true
			}
		}
		return nil, false
	}
	var i int
	if _, err := fmt.Sscanf(step, "%d", &i); err != nil || i < 0 || i >= len(list) {
		return nil, false
	}
	return list[i], true
}
