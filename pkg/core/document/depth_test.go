package document_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/test/patience"
)

// TestDocumentsAreBounded: each of these ends the process, or occupies it for
// minutes, where the parser is asked first and the bounds are looked at after.
func TestDocumentsAreBounded(t *testing.T) {
	t.Parallel()
	const many = 1 << 18
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		name, last := string(rune('1'+i)), string(rune('0'+i))
		bomb += "a" + name + ": &a" + name + " [" + strings.Repeat("*a"+last+", ", 9) + "*a" + last + "]\n"
	}
	var steps strings.Builder
	for i := range 1500 {
		steps.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for name, text := range map[string]string{
		"brackets":       strings.Repeat("[", many),
		"braces":         strings.Repeat("{a: ", many),
		"items":          strings.Repeat("- ", many),
		"keys":           strings.Repeat("? ", many),
		"tags":           strings.Repeat("!!str ", many/4),
		"tags in a list": "[" + strings.Repeat("!!str ", many/4),
		"anchors":        strings.Repeat("&a ", many/4),
		"steps":          steps.String(),
		"an alias bomb":  bomb,
		"a circle":       "a: &a [*a, *a]\n",
		"values":         strings.Repeat("a: ", many/4),
		"entries":        "[" + strings.Repeat("1,", many) + "]",
		"commas":         "[" + strings.Repeat(",", many) + "]",
		"closed":         strings.Repeat("[", 2000) + strings.Repeat("]", 2000),
		"too long":       strings.Repeat("#", 5<<20),
		"quoted":         strings.Repeat(`"a" `, many/4),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var problems []document.Problem
			took := patience.ProcessorTime(func() { _, problems = document.Parse(document.File{Name: "f.yaml", Data: []byte(text)}) })
			require.NotEmpty(t, problems)
			require.Positive(t, problems[0].Line)
			require.Less(t, took, 30*time.Second)
		})
	}
}

// TestWhatIsAllowedIsRead: the bounds lie far above what people write.
func TestWhatIsAllowedIsRead(t *testing.T) {
	t.Parallel()
	var steps strings.Builder
	for i := range 60 {
		steps.WriteString(strings.Repeat("  ", i) + "key: # a comment\n")
	}
	for name, text := range map[string]string{
		"sixty steps":    steps.String() + strings.Repeat("  ", 60) + "end: 1\n",
		"sixty brackets": strings.Repeat("[", 60) + strings.Repeat("]", 60),
		"a long flow":    "{" + strings.Repeat("a b c d: e f g h,\n ", 1) + strings.Repeat("? k : v,\n", 1) + "}",
		"many keys": func() string {
			var b strings.Builder
			for i := range 2_000 {
				b.WriteString("key-" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String() + ": {a: 1, b: [x, y]}\n")
			}
			return b.String()
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			docs, problems := document.Parse(document.File{Name: "f.yaml", Data: []byte(text)})
			require.Empty(t, problems)
			require.Len(t, docs, 1)
		})
	}
}
