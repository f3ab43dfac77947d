// Command generate makes the tables of package geo from three npm packages, as
// they are unpacked:
//
//	npm pack cldr-core@48.2.0 cldr-localenames-full@48.2.0 cldr-subdivisions-full@48.2.0 iso-3166@4.4.0
//	for p in *.tgz; do mkdir -p "${p%-*}" && tar xzf "$p" -C "${p%-*}" --strip-components=1; done
//	go run ./deploy/generate/geo DIR
//
// Names that the packages lack stand in aliases.txt.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/geo/fold"
)

const into = "pkg/core/geo"

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("want one argument: the folder that holds cldr-core, cldr-localenames-full, cldr-subdivisions-full and iso-3166"))
	}
	if err := generate(os.Args[1]); err != nil {
		fail(err)
	}
}

func generate(dir string) error {
	s, err := readSources(dir)
	if err != nil {
		return err
	}
	aliases, err := os.ReadFile("deploy/generate/geo/aliases.txt")
	if err != nil {
		return err
	}
	countries, regions := s.countryNames(), s.regionNames()
	if err := readAliases(string(aliases), countries, regions); err != nil {
		return err
	}
	code, err := format.Source(s.codes())
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"codes.go": code, "countries.txt": countries.text(), "subdivisions.txt": regions.text()} {
		if err := os.WriteFile(filepath.Join(into, name), content, 0o644); err != nil { //nolint:gosec // G306: source files of the tree
			return err
		}
	}
	return nil
}

// names maps folded names to codes. A name of a lower rank never displaces one
// of a higher; two codes of equal rank displace each other, so that nobody is
// sent to the wrong country.
type names map[string]entry

type entry struct {
	code string
	rank int
	torn bool
}

// The ranks: what we say, English, the country's own languages, and others'.
const (
	ours = iota
	english
	own
	foreign
)

func (n names) add(prefix, name, code string, rank int) {
	for _, variant := range variants(name) {
		key := string(fold.Append([]byte(prefix), variant))
		if len(key) == len(prefix) || rank != ours && prefix == "" && len(key) == 2 {
			continue // nothing, or an abbreviation that looks like a code: EU is no Estados Unidos
		}
		old, ok := n[key]
		switch {
		case !ok || rank < old.rank:
			n[key] = entry{code: code, rank: rank}
		case old.code != code && old.rank == rank:
			if !old.torn {
				fmt.Fprintf(os.Stderr, "%q is %s and %s: left out\n", key, old.code, code)
			}
			n[key] = entry{code: old.code, rank: rank, torn: true}
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "geo:", err)
	os.Exit(1)
}

// variants are the forms in which people write one name.
func variants(name string) []string {
	all := []string{name}
	each := func(vary func(string) string) {
		for _, s := range slices.Clone(all) {
			if v := vary(s); v != s {
				all = append(all, v)
			}
		}
	}
	if base, inner, ok := strings.Cut(name, "("); ok {
		all = append(all, base, strings.TrimRight(inner, ") ")+" "+base)
	}
	each(func(s string) string { return strings.ReplaceAll(s, "&", " and ") })
	each(func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(s, "St. ", "Saint "), "St ", "Saint ")
	})
	each(func(s string) string { return strings.ReplaceAll(s, "Saint ", "St ") })
	each(func(s string) string { return strings.TrimPrefix(s, "The ") })
	each(func(s string) string {
		return strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ø", "oe", "Ø", "Oe", "å", "aa", "Å", "Aa").Replace(s)
	})
	return all
}

func (n names) text() []byte {
	var b bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(n)) {
		if e := n[key]; !e.torn {
			fmt.Fprintf(&b, "%s\t%s\n", key, e.code)
		}
	}
	return b.Bytes()
}

// readAliases adds lines such as "GB: Great Britain; Britain" and "US-DC: Washington DC".
func readAliases(text string, countries, regions names) error {
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		code, list, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("line %d of aliases.txt has no colon: %s", i+1, line)
		}
		for name := range strings.SplitSeq(list, ";") {
			if country, region, is := strings.Cut(code, "-"); is {
				regions.add(country+" ", name, region, ours)
			} else {
				countries.add("", name, code, ours)
			}
		}
	}
	return nil
}
