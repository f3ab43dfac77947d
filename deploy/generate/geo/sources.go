package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// sources are the packages as they were read.
type sources struct {
	// languages are those that are official in a country or a part of it.
	languages map[string][]string
	// names are those of countries and parts of the world, by language.
	names map[string]map[string]string
	// contains are the subdivisions of countries and of subdivisions, in CLDR's
	// form ("US": "usca").
	contains map[string][]string
	// replaced are subdivisions that have another code now.
	replaced map[string]string
	// subdivisions are their English names.
	subdivisions map[string]string
	// iso31661 and iso31662 are the entries of the standard.
	iso31661 []isoEntry
	iso31662 []isoEntry
}

type isoEntry struct{ code, alpha3, name string }

// reserved are codes that CLDR has for parts of countries, most of them
// exceptionally reserved in ISO 3166-1, with the country that each is part of.
var reserved = map[string]string{"AC": "SH", "CP": "FR", "CQ": "GG", "DG": "IO", "EA": "ES", "IC": "ES", "TA": "SH", "UK": "GB", "EL": "GR"}

func readSources(dir string) (*sources, error) {
	s := &sources{languages: map[string][]string{}, names: map[string]map[string]string{}, contains: map[string][]string{}, replaced: map[string]string{}}
	for _, read := range []func(string) error{s.readLanguages, s.readNames, s.readSubdivisions, s.readISO} {
		if err := read(dir); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func decode(path string, into any) error {
	raw, err := os.ReadFile(path) //nolint:gosec // G304, G703: named by whoever generates
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (s *sources) readLanguages(dir string) error {
	var file struct {
		Supplemental struct {
			TerritoryInfo map[string]struct {
				LanguagePopulation map[string]map[string]string
			}
		}
	}
	if err := decode(filepath.Join(dir, "cldr-core/supplemental/territoryInfo.json"), &file); err != nil {
		return err
	}
	for territory, info := range file.Supplemental.TerritoryInfo {
		for language, status := range info.LanguagePopulation {
			if status["_officialStatus"] != "" {
				s.languages[territory] = append(s.languages[territory], strings.ReplaceAll(language, "_", "-"))
			}
		}
	}
	return nil
}

func (s *sources) readNames(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "cldr-localenames-full/main/*/territories.json"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		language := filepath.Base(filepath.Dir(path))
		var file struct {
			Main map[string]struct {
				LocaleDisplayNames struct{ Territories map[string]string }
			}
		}
		if err := decode(path, &file); err != nil {
			return err
		}
		s.names[language] = file.Main[language].LocaleDisplayNames.Territories
	}
	return nil
}

func (s *sources) readSubdivisions(dir string) error {
	var containment struct {
		Supplemental struct {
			SubdivisionContainment map[string]struct {
				Contains []string `json:"_contains"`
			}
		}
	}
	if err := decode(filepath.Join(dir, "cldr-core/supplemental/subdivisionContainment.json"), &containment); err != nil {
		return err
	}
	for parent, c := range containment.Supplemental.SubdivisionContainment {
		s.contains[parent] = c.Contains
	}
	var aliases struct {
		Supplemental struct {
			Metadata struct {
				Alias struct {
					SubdivisionAlias map[string]struct {
						Replacement string `json:"_replacement"`
					}
				}
			}
		}
	}
	if err := decode(filepath.Join(dir, "cldr-core/supplemental/aliases.json"), &aliases); err != nil {
		return err
	}
	for old, a := range aliases.Supplemental.Metadata.Alias.SubdivisionAlias {
		s.replaced[old] = a.Replacement
	}
	var file struct {
		Subdivisions struct {
			LocaleDisplayNames struct{ Subdivisions map[string]string }
		}
	}
	err := decode(filepath.Join(dir, "cldr-subdivisions-full/subdivisions/en/en.json"), &file)
	s.subdivisions = file.Subdivisions.LocaleDisplayNames.Subdivisions
	return err
}

var (
	isoObject = regexp.MustCompile(`(?s)\{\n(.*?)\n  \}`)
	isoMember = regexp.MustCompile(`(?m)^    (\w+): ['"](.*)['"],?$`)
)

// readISO reads the package's JavaScript, which is one literal per file.
func (s *sources) readISO(dir string) error {
	for name, into := range map[string]*[]isoEntry{"1.js": &s.iso31661, "2.js": &s.iso31662} {
		raw, err := os.ReadFile(filepath.Join(dir, "iso-3166", name)) //nolint:gosec // G304, G703: as above
		if err != nil {
			return err
		}
		_, raw, _ = bytes.Cut(raw, []byte("export const"))
		for _, object := range isoObject.FindAllSubmatch(raw, -1) {
			m := map[string]string{}
			for _, member := range isoMember.FindAllSubmatch(object[1], -1) {
				m[string(member[1])] = string(member[2])
			}
			*into = append(*into, isoEntry{code: m["alpha2"] + m["code"], alpha3: m["alpha3"], name: m["name"]})
		}
		if len(*into) < 200 {
			return fmt.Errorf("%s: %d entries were found: its form has changed", name, len(*into))
		}
	}
	return nil
}

// countryOf gives the country of a key of CLDR's names, such as CZ-alt-variant.
func countryOf(key string, known map[string]bool) string {
	code, _, _ := strings.Cut(key, "-")
	if in := reserved[code]; in != "" {
		return in
	}
	if known[code] {
		return code
	}
	return ""
}

func (s *sources) known() map[string]bool {
	known := map[string]bool{"XK": true}
	for _, e := range s.iso31661 {
		known[e.code] = true
	}
	return known
}

func (s *sources) countryNames() names {
	n, known := names{}, s.known()
	for code, in := range reserved {
		n.add("", code, in, ours)
	}
	for _, e := range s.iso31661 {
		n.add("", e.name, e.code, english)
	}
	for _, language := range slices.Sorted(maps.Keys(s.names)) {
		rank := foreign
		if language == "en" || strings.HasPrefix(language, "en-") {
			rank = english
		}
		for _, key := range slices.Sorted(maps.Keys(s.names[language])) {
			code := countryOf(key, known)
			as := rank
			switch {
			case code == "":
				continue
			case rank == english:
			case slices.Contains(s.languages[code], language):
				as = own
			case !slices.Contains(widely, language):
				continue
			}
			n.add("", s.names[language][key], code, as)
		}
	}
	return n
}

// widely are languages whose names of all countries are read: those of the
// European Union and its neighbours, and of the largest markets. Of any other
// language only the names of the countries that speak it are.
var widely = strings.Fields("ar bg bs ca cs da de el es et fi fil fr ga he hi hr hu id is it ja ko lt lv mk ms mt nb nl nn no pl pt ro ru " +
	"sk sl sq sr sr-Latn sv th tr uk vi zh zh-Hant")

func (s *sources) regionNames() names {
	n, codes := names{}, s.regions()
	add := func(id, name string, rank int) {
		if name != "" && codes[id] != "" {
			n.add(strings.ToUpper(id[:2])+" ", name, strings.ToUpper(id[2:]), rank)
		}
	}
	for id := range codes {
		add(id, s.subdivisions[id], english)
	}
	for _, e := range s.iso31662 {
		add(strings.ToLower(strings.ReplaceAll(e.code, "-", "")), e.name, own)
	}
	for old, id := range s.replaced {
		if codes[id] != "" && codes[old] == "" && old[:2] == id[:2] {
			add(id, old[2:], own)
			add(id, s.subdivisions[old], own)
		}
	}
	return n
}

// regions are CLDR's ids of all subdivisions with those that contain them.
func (s *sources) regions() map[string]string {
	all := map[string]string{}
	for parent, children := range s.contains {
		for _, id := range children {
			all[id] = strings.ToLower(parent)
		}
	}
	return all
}

// codes gives codes.go.
func (s *sources) codes() []byte {
	var b bytes.Buffer
	var two, three, regions []string
	for _, e := range s.iso31661 {
		two, three = append(two, e.code), append(three, e.alpha3+e.code)
	}
	two, three = append(two, "XK"), append(three, "XKKXK", "XKXXK")
	all := s.regions()
	for id, parent := range all {
		regions = append(regions, fmt.Sprintf("%s%-3s%-3s", strings.ToUpper(id[:2]), strings.ToUpper(id[2:]), strings.ToUpper(parent[2:])))
	}
	b.WriteString("// Code generated by deploy/generate/geo. DO NOT EDIT.\n\n// Longer than 400 lines: one table of ISO 3166, which nobody reads in parts.\n\npackage geo\n")
	for _, c := range []struct {
		name, doc string
		list      []string
	}{
		{"alpha2", "are the codes of ISO 3166-1, and XK", two},
		{"alpha3", "are the codes of three letters, each with that of two behind it", three},
		{"subdivisions", "are the codes of ISO 3166-2: the country, the code, and that of the\n// subdivision which it is part of, each padded to its width", regions},
	} {
		slices.Sort(c.list)
		fmt.Fprintf(&b, "\n// %s %s.\nconst %s = \"\" +\n", c.name, c.doc, c.name)
		for line := range slices.Chunk(c.list, 14) {
			fmt.Fprintf(&b, "\t%q +\n", strings.Join(line, ""))
		}
		b.WriteString("\t\"\"\n")
	}
	return b.Bytes()
}
