// Package score judges the corpus and counts.
package score

import (
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/test/detector/corpus"
)

// The goals.
const (
	kindsRecall     = 0.99  // of the kinds of the rule
	encodingsRecall = 0.9   // of their encodings
	falseAlarms     = 0.001 // of ids of shops
)

// Row counts one group of cases.
type Row struct {
	Group      string
	Cases, Hit int
	Example    string // a case that was judged otherwise than most
}

func (r *Row) share() float64 { return float64(r.Hit) / float64(r.Cases) }

// Table is a part of the corpus.
type Table struct {
	Title string
	Rows  []Row
	Total Row
}

// Report is all of it.
type Report struct{ Kinds, Encodings, ShopIDs, ShopIDsAsText, Texts, Apart Table }

// Measure judges the corpus.
func Measure() *Report {
	ids := corpus.ShopIDs()
	r := &Report{
		Kinds: count("Kinds of the rule: found", corpus.Kinds(), true), Encodings: count("Encodings, free text: found", corpus.Encodings(), true),
		ShopIDs: count("Ids of shops, judged as ids: false alarms", ids, false), Texts: count("Harmless texts: false alarms", corpus.Texts(), false),
		Apart: count("Counted apart, without a goal: found", corpus.Apart(), true),
	}
	for i := range ids {
		ids[i].Rule = corpus.Text
	}
	r.ShopIDsAsText = count("The same ids, judged as free text: false alarms", ids, false)
	return r
}

func count(title string, cases []corpus.Case, personal bool) Table {
	t := Table{Title: title, Total: Row{Group: "all"}}
	at := map[string]int{}
	for _, c := range cases {
		i, known := at[c.Group]
		if !known {
			i = len(t.Rows)
			at[c.Group] = i
			t.Rows = append(t.Rows, Row{Group: c.Group})
		}
		look := identity.Look
		if c.Rule == corpus.ID {
			look = identity.LookID
		}
		hit := look(c.Text) != identity.NotSuspect
		for _, row := range [...]*Row{&t.Rows[i], &t.Total} {
			row.Cases++
			if hit {
				row.Hit++
			}
			if hit != personal && row.Example == "" {
				row.Example = c.Text
			}
		}
	}
	return t
}

// Missed names the goals that are missed, each with a case.
func (r *Report) Missed() []string {
	var missed []string
	for _, goal := range [...]struct {
		ok    bool
		table *Table
		want  string
	}{
		{r.Kinds.Total.share() >= kindsRecall, &r.Kinds, fmt.Sprintf("at least %g", kindsRecall)},
		{r.Encodings.Total.share() >= encodingsRecall, &r.Encodings, fmt.Sprintf("at least %g", encodingsRecall)},
		{r.ShopIDs.Total.share() <= falseAlarms, &r.ShopIDs, fmt.Sprintf("at most %g", falseAlarms)},
		{r.Texts.Total.share() <= falseAlarms, &r.Texts, fmt.Sprintf("at most %g", falseAlarms)},
	} {
		if !goal.ok {
			t := &goal.table.Total
			missed = append(missed, fmt.Sprintf("%s %d of %d (%.4f), goal %s, such as %q", goal.table.Title, t.Hit, t.Cases, t.share(), goal.want, t.Example))
		}
	}
	for i := range r.Kinds.Rows { // no kind hides behind the others
		if row := &r.Kinds.Rows[i]; row.share() < kindsRecall {
			missed = append(missed, fmt.Sprintf("%s: %d of %d, such as %q", row.Group, row.Hit, row.Cases, row.Example))
		}
	}
	return missed
}

// Precision is the share of alarms that are right, the harmless of the corpus
// being all there is.
func (r *Report) Precision() float64 {
	right := r.Kinds.Total.Hit + r.Encodings.Total.Hit
	return float64(right) / float64(right+r.ShopIDs.Total.Hit+r.Texts.Total.Hit)
}

// Markdown gives the tables of a page.
func (r *Report) Markdown() string {
	var b strings.Builder
	b.WriteString("| | cases | found | share | goal |\n| --- | ---: | ---: | ---: | --- |\n")
	for _, line := range [...]struct {
		table *Table
		goal  string
	}{
		{&r.Kinds, "≥ 99 %, each kind"}, {&r.Encodings, "≥ 90 %"}, {&r.ShopIDs, "≤ 0.1 %"}, {&r.Texts, "≤ 0.1 %"}, {&r.ShopIDsAsText, "none"}, {&r.Apart, "none"},
	} {
		t := &line.table.Total
		fmt.Fprintf(&b, "| %s | %d | %d | %.3f %% | %s |\n", line.table.Title, t.Cases, t.Hit, 100*t.share(), line.goal)
	}
	fmt.Fprintf(&b, "\nPrecision over the first four: %.3f %%.\n", 100*r.Precision())
	b.WriteString("\n### Kinds\n\n")
	r.Kinds.write(&b, func(*Row) bool { return true })
	b.WriteString("\n### Encodings that are not found, or not always\n\n")
	r.Encodings.write(&b, func(row *Row) bool { return row.Hit < row.Cases })
	b.WriteString("\n### Formats of ids that give a false alarm\n\n")
	r.ShopIDs.write(&b, func(row *Row) bool { return row.Hit > 0 })
	b.WriteString("\n### The same as free text\n\n")
	r.ShopIDsAsText.write(&b, func(row *Row) bool { return row.Hit > 0 })
	b.WriteString("\n### Counted apart\n\n")
	r.Apart.write(&b, func(*Row) bool { return true })
	return b.String()
}

func (t *Table) write(b *strings.Builder, shown func(*Row) bool) {
	b.WriteString("| | cases | found |\n| --- | ---: | ---: |\n")
	for i := range t.Rows {
		if row := &t.Rows[i]; shown(row) {
			fmt.Fprintf(b, "| %s | %d | %d |\n", strings.ReplaceAll(row.Group, "|", `\|`), row.Cases, row.Hit)
		}
	}
}

// The marks of a page between which the tables stand.
const (
	begin = "<!-- figures: begin -->\n"
	end   = "<!-- figures: end -->"
)

// Insert puts text between the marks of page.
func Insert(page, text string) (string, error) {
	before, rest, ok := strings.Cut(page, begin)
	_, behind, also := strings.Cut(rest, end)
	if !ok || !also {
		return "", fmt.Errorf("the page has no marks %q and %q", strings.TrimSpace(begin), end)
	}
	return before + begin + text + end + behind, nil
}
