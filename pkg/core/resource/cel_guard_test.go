package resource_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// bigEvent has the longest texts and lists that an event may have.
func bigEvent() *event.Event {
	e := sampleEvent()
	e.Page.Title = strings.Repeat("a ", 32<<10)
	for len(e.Commerce.Items) < 1000 {
		e.Commerce.Items = append(e.Commerce.Items, event.Item{ID: "i", Price: event.Some(1.0)})
	}
	return e
}

// bombs are expressions of a few bytes that ask for gigabytes or minutes.
func bombs() map[string]string {
	title := "event.page.title"
	nested := title
	for range 9 {
		nested += ".replace('', 'aaaaaaaaaa')"
	}
	return map[string]string{
		"replace of nothing, nested": nested,
		"replace by the text itself": title + ".replace(' ', " + title + ")",
		"split and join":             title + ".split('').join(" + title + ")",
		"split in a loop":            "event.commerce.items.map(i, " + title + ".split('')).size() == 0 ? '' : 'x'",
		"format of many":             "'%s'.format([event.commerce.items.map(i, " + title + ")])",
		"format of formats":          "'%s'.format([event.commerce.items.map(i, event.commerce.items.map(j, " + title + "))])",
		"join of many":               "event.commerce.items.map(i, " + title + ").join(',')",
		"search for itself":          "string(" + title + ".indexOf(" + title + "))",
		"search backwards":           "string(" + title + ".lastIndexOf('b' + " + title + "))",
		"quote of quotes":            strings.Repeat("strings.quote(", 20) + title + strings.Repeat(")", 20),
		"sum of texts":               strings.TrimSuffix(strings.Repeat(title+" + ", 40), " + "),
		"texts in a loop":            "event.commerce.items.map(i, event.commerce.items.map(j, " + title + " + " + title + ")).size() == 0 ? '' : 'x'",
		"texts in a list of lists":   "string([[event.commerce.items.map(i, " + title + " + 'a')]].size())",
		"loops in loops":             "string(event.commerce.items.map(i, event.commerce.items.map(j, event.commerce.items.map(k, 1))).size())",
		"pattern of the event":       "string(" + title + ".matches(" + title + "))",
	}
}

// TestBombsEndSoon: an expression of one mapping cannot take the memory or the
// processor of the process that serves every customer. Whether it is refused
// depends on costs alone, so it is refused the same way each time.
func TestBombsEndSoon(t *testing.T) {
	e := bigEvent()
	for name, source := range bombs() {
		p, problems := resource.CompileProgram(&resource.Mapping{Fields: map[string]string{"x": source}})
		require.Empty(t, problems, name)
		var first string
		for range 2 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := p.Fields(nil, e)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256<<20), name)
			if first == "" {
				first = fmt.Sprint(err)
			}
			require.Equal(t, first, fmt.Sprint(err), name)
		}
		require.Contains(t, first, "evaluating fields.x:", name)
		require.Contains(t, first, "too expensive for this event", name)
	}
}

// TestStringFunctionsStillWork: the bounds stand in front of the library's
// functions and change none of their results.
func TestStringFunctionsStillWork(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`"a-b-c".replace("-", "+")`:                "a+b+c",
		`"a-b-c".replace("-", "+", 1)`:             "a+b-c",
		`"a-b-c".split("-").join("+")`:             "a+b+c",
		`"a-b-c".split("-", 2)[1]`:                 "b-c",
		`["a", "b"].join()`:                        "ab",
		`string("hello".indexOf("l"))`:             "2",
		`string("hello".indexOf("l", 3))`:          "3",
		`string("hello".lastIndexOf("l"))`:         "3",
		`string("hello".lastIndexOf("l", 2))`:      "2",
		`"%s is %d or %.2f".format(["x", 3, 1.5])`: "x is 3 or 1.50",
		`"%s".format([[1, 2]])`:                    "[1, 2]",
		`strings.quote("a\"b")`:                    `"a\"b"`,
	} {
		p, problems := resource.CompileProgram(&resource.Mapping{Fields: map[string]string{"x": source}})
		require.Empty(t, problems, source)
		fields, err := p.Fields(nil, sampleEvent())
		require.NoError(t, err, source)
		require.Equal(t, want, fields[0].Value.Str, source)
	}
}

// BenchmarkBombs says how long the most expensive expressions take, whether
// they are refused or not. docs/reliability.md keeps the longest.
func BenchmarkBombs(b *testing.B) {
	e, all := bigEvent(), bombs()
	all["heaviest pattern that is taken"] = "string(event.page.title.matches('([a-z] ?){1,100}!'))"
	for name, source := range all {
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			p, problems := resource.CompileProgram(&resource.Mapping{Fields: map[string]string{"x": source}})
			require.Empty(b, problems)
			for b.Loop() {
				_, _ = p.Fields(nil, e)
			}
		})
	}
}
