// Command detector measures how much of what must not leave is recognised, and
// how much that is harmless is taken for it, with the corpus of this folder.
//
//	detector [--docs docs/detector.md]
//
// It prints the tables, and writes them into the page, and fails where a goal is
// missed.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/sluicehq/sluice/test/detector/score"
)

func main() {
	docs := flag.String("docs", "", "page between whose marks the tables are written")
	flag.Parse()
	if err := run(*docs); err != nil {
		fmt.Fprintln(os.Stderr, "detector:", err)
		os.Exit(1)
	}
}

func run(docs string) error {
	report := score.Measure()
	text := report.Markdown()
	if _, err := os.Stdout.WriteString(text); err != nil {
		return fmt.Errorf("printing the tables: %w", err)
	}
	if docs != "" {
		page, err := os.ReadFile(docs)
		if err != nil {
			return fmt.Errorf("reading the page: %w", err)
		}
		dated := fmt.Sprintf("`make detector`, %s:\n\n%s", time.Now().UTC().Format("2 January 2006"), text)
		out, err := score.Insert(string(page), dated)
		if err != nil {
			return fmt.Errorf("writing into %s: %w", docs, err)
		}
		if err := os.WriteFile(docs, []byte(out), 0o600); err != nil { // #nosec G703 -- the page that the caller names
			return fmt.Errorf("writing the page: %w", err)
		}
	}
	if missed := report.Missed(); len(missed) > 0 {
		return fmt.Errorf("a goal is missed: %s", strings.Join(missed, "; "))
	}
	return nil
}
