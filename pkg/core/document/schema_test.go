package document_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// shop is a shape with a key of every kind.
type shop struct {
	Name    string            `yaml:"metadata.name" required:"true" rule:"lower" doc:"Its name."`
	Open    bool              `yaml:"spec.open" doc:"Whether it is open."`
	Known   *bool             `yaml:"spec.known"`
	Floors  int               `yaml:"spec.floors" min:"1" max:"9" doc:"How high it is."`
	Close   time.Duration     `yaml:"spec.close" kind:"duration"`
	Rate    float64           `yaml:"spec.rate" kind:"rate"`
	Since   string            `yaml:"spec.since" kind:"date"`
	Colour  string            `yaml:"spec.colour" enum:",red,green"`
	Flags   map[string]bool   `yaml:"spec.flags" enum:"a,b"`
	Tags    []string          `yaml:"spec.tags"`
	When    string            `yaml:"spec.when" kind:"expression"`
	Shelves []shelf           `yaml:"spec.shelves"`
	Rooms   map[string]shelf  `yaml:"spec.rooms"`
	Words   map[string]string `yaml:"spec.words"`
	Account json.RawMessage   `yaml:"spec.account" required:"true"`
	Own     json.RawMessage   `yaml:"spec.$provider"`
}

type shelf struct {
	Width int64 `yaml:"width" required:"true"`
}

var shops = document.Declare(shop{Floors: 1, Tags: []string{"new"}}, document.Options{Rules: map[string]document.Rule{
	"lower": {Must: "must be lower case", Fix: "write small letters", Form: regexp.MustCompile(`^[a-z]+$`)},
}})

// read gives a shop and its problems as text, each with where it is.
func read(t *testing.T, text string) (shop, []string) {
	t.Helper()
	docs, problems := document.Parse(document.File{Name: "f", Data: []byte(text)})
	require.Empty(t, problems)
	require.Len(t, docs, 1)
	origin := document.NewOrigin(docs[0])
	report := func(p document.Problem) { problems = append(problems, origin.Locate(p)) }
	s := shop{Floors: 1, Tags: []string{"new"}}
	shops.Decode(docs[0].Root, "", &s, document.Decoding{Report: report, Names: map[string][]string{"provider": {"meta"}}})
	shops.Check(&s, "", report)
	document.Sort(problems)
	var lines []string
	for _, p := range problems {
		lines = append(lines, strings.ReplaceAll(p.String(), "\n  fix:", ";"))
	}
	return s, lines
}

const full = `
metadata: {name: corner}
spec:
  open: true
  known: false
  floors: 3
  close: 90m
  rate: 5/m
  since: 2026-11-01
  colour: red
  flags: [b, a]
  tags: []
  when: 1
  shelves: [{width: 3}, {width: 4}]
  rooms: {hall: &hall {width: 7}, attic: *hall, cellar: {<<: *hall}}
  words: {a.b: c}
  account: {z: 1, a: [x]}
  meta: {b: null}
`

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	first, problems := read(t, full)
	require.Empty(t, problems)
	require.Equal(t, 90*time.Minute, first.Close)
	require.Equal(t, map[string]shelf{"hall": {7}, "attic": {7}, "cellar": {7}}, first.Rooms)
	require.JSONEq(t, `{"a":["x"],"z":1}`, string(first.Account))
	names := map[string][]string{"provider": {"meta"}}
	text := string(document.Write(shops.Node(&first, names)))
	again, problems := read(t, text)
	require.Empty(t, problems, text)
	require.Empty(t, again.Tags[:0])
	again.Tags, first.Tags = nil, nil // an empty list is as good as none
	require.Equal(t, first, again, text)

	require.Equal(t, "metadata:\n  name: corner\nspec:\n  account: {}\n", string(document.Write(shops.Node(&shop{Name: "corner", Floors: 1, Tags: []string{"new"}}, nil))), "defaults are left out")
}

func TestEveryProblemIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	_, problems := read(t, `
metadata: {name: Corner, namme: x}
spec:
  open: "yes"
  known: 1
  floors: 12
  close: soon
  rate: 5
  since: yesterday
  colour: rde
  flags: [a, c]
  tags: [x, x, "", 5]
  when: ""
  shelves: [{width: wide}, {}]
  rooms: hall
  words: {a: 1}
  google: {}
`)
	require.Equal(t, []string{
		`f:2:18: metadata.name must be lower case, found "Corner"; write small letters`,
		`f:2:26: metadata.namme is not a known key; did you mean name?`,
		`f:3:1: spec.account is required; add account`,
		`f:4:9: spec.open must be true or false, found "yes"; write true or false, without quotes`,
		`f:5:10: spec.known must be true or false, found 1; write true or false, without quotes`,
		`f:6:11: spec.floors must be at most 9, found "12"; choose a value within the limits`,
		`f:7:10: spec.close must be a duration, found "soon"; write a number and a unit, such as 9d, 24h, 15m, 30s or 500ms`,
		`f:8:9: spec.rate must be a rate, found 5; write a number and /s, /m or /h, such as 200/s`,
		`f:9:10: spec.since must be a date, found "yesterday"; write year-month-day, such as 2026-11-20`,
		`f:10:11: spec.colour must be red or green, found "rde"; did you mean red?`,
		`f:11:14: spec.flags[1] must be one of a or b, found "c"; use only these words`,
		`f:12:13: spec.tags[1] stands in the list twice, found "x"; remove one of the two`,
		`f:12:16: spec.tags[2] must not be empty; remove it`,
		`f:12:20: spec.tags[3] must be a string, found 5; write it in quotes: "5"`,
		`f:13:9: spec.when must not be empty; write a CEL expression or remove the key; an empty string is ''`,
		`f:14:21: spec.shelves[0].width must be a whole number, zero or more, found "wide"; write digits`,
		`f:14:28: spec.shelves[1].width is required; add width`,
		`f:15:10: spec.rooms must be a map, found a string; write its keys below it, indented`,
		`f:16:14: spec.words.a must be a string, found 1; write it in quotes: "1"`,
		`f:17:3: spec.google is not a known key; remove it, or use one of open, known, floors, close, rate, since, colour, flags, tags, when, shelves, rooms, words, account, meta`,
	}, problems)
}

func TestMarkdownSaysWhatAKeyMayBe(t *testing.T) {
	t.Parallel()
	text := shops.Markdown()
	for _, row := range []string{
		"| `metadata.name` | text | required | Its name. |", "| `spec.open` | true or false | `false` | Whether it is open. |",
		"| `spec.floors` | whole number, 1 to 9 | `1` | How high it is. |", "| `spec.flags` | list of `a`, `b` |  |  |",
		"| `spec.rooms.<name>.width` | whole number | required |  |", "| `spec.tags` | list of texts | [new] |  |",
	} {
		require.Contains(t, text, row+"\n")
	}
}

// TestNearest: a suggestion is near, and shorter words need be nearer.
func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"transaction.purchase", "brokers", "on"}
	for word, want := range map[string]string{"broker": "brokers", "transaction.purchse": "transaction.purchase", "transactionpurchases": "transaction.purchase", "x": "", "kafka": "", strings.Repeat("b", 1000): ""} {
		require.Equal(t, want, document.Nearest(word, words), word)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{full, "a: &x [*x]", "<<: {a: 1}", "--- {a: b}\n...\n%x\n---", "? a\n: b", "{\"a\": \"\\ud800\"}", "!!str 5", "a: |\n x\n", "&a &b x", "[? [? x]]", "- - - -"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs, problems := document.Parse(document.File{Name: "f", Data: []byte(text)})
		for _, p := range problems {
			require.Positive(t, p.Line, p.String())
			require.Positive(t, p.Column, p.String())
		}
		for _, doc := range docs {
			require.True(t, json.Valid(doc.Root.JSON()))
		}
	})
}
