package iab_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write sections_gen.go")

// The table of layouts is made from data, and says what the data says.
func TestSectionsAreUpToDate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("sections.json")
	require.NoError(t, err)
	var f file
	require.NoError(t, json.Unmarshal(text, &f))
	for i, s := range f.Sections {
		require.Equal(t, 7+i, s.ID, "the reader finds a row by its id")
	}
	want, err := table(&f)
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("sections_gen.go", want, 0o644))
	}
	got, err := os.ReadFile("sections_gen.go")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go generate")
}

type file struct {
	Source   struct{ Repository, Commit, Read string }
	Sections []section
}

type section struct {
	ID            int
	Name          string
	Country       string
	Region        string
	GPC           bool
	Header        bool
	SensitiveBits int      `json:"sensitive_bits"`
	OptOuts       []string `json:"opt_outs"`
	Versions      []version
}

type version struct {
	Version    int
	Bits       int
	KnownChild []string `json:"known_child"`
	Fields     []field
}

type field struct {
	Name                string
	Offset, Bits, Count int
}

// table writes the layouts as Go.
func table(f *file) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// Code generated from sections.json by TestSectionsAreUpToDate; DO NOT EDIT.\n\npackage iab\n\n")
	fmt.Fprintf(&b, "// usSections are the US sections, in the order of their ids.\n// Source: %s at %s, read on %s.\n", f.Source.Repository, f.Source.Commit, f.Source.Read)
	fmt.Fprintf(&b, "var usSections = [...]usSection{\n")
	for _, s := range f.Sections {
		fmt.Fprintf(&b, "{id: %d, name: %q, country: %q, region: %q, header: %t, sensitiveBits: %d, layouts: []layout{\n", s.ID, s.Name, s.Country, s.Region, s.Header, s.SensitiveBits)
		for _, v := range s.Versions {
			line, err := row(&s, &v)
			if err != nil {
				return nil, fmt.Errorf("section %s, version %d: %w", s.Name, v.Version, err)
			}
			b.WriteString(line)
		}
		b.WriteString("}},\n")
	}
	b.WriteString("}\n")
	return format.Source(b.Bytes())
}

// row gives one layout. Fields have to follow each other without gaps, so that a
// slip in the data cannot shift what stands behind it.
func row(s *section, v *version) (string, error) {
	at := 0
	offsets := map[string]int{}
	for _, f := range v.Fields {
		if f.Offset != at {
			return "", fmt.Errorf("field %s begins at %d, want %d", f.Name, f.Offset, at)
		}
		at += f.Bits * max(f.Count, 1)
		offsets[f.Name] = f.Offset
	}
	if at != v.Bits {
		return "", fmt.Errorf("the fields have %d bits, want %d", at, v.Bits)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "{version: %d, bits: %d, optOuts: []optOut{", v.Version, v.Bits)
	for _, name := range s.OptOuts {
		offset, ok := offsets[name]
		if !ok {
			return "", fmt.Errorf("no field %s", name)
		}
		fmt.Fprintf(&b, "{at: %d, notices: []uint8{%s}},", offset, notices(name, offsets))
	}
	b.WriteString("}, children: []child{")
	child := slices.IndexFunc(v.Fields, func(f field) bool { return f.Name == "KnownChildSensitiveDataConsents" })
	n := 0
	if child >= 0 {
		n = max(v.Fields[child].Count, 1)
	}
	if n != len(v.KnownChild) {
		return "", fmt.Errorf("%d fields of known children, and %d ages", n, len(v.KnownChild))
	}
	for i, ages := range v.KnownChild {
		fmt.Fprintf(&b, "{at: %d, teen: %t},", v.Fields[child].Offset+2*i, isTeen(ages))
	}
	b.WriteString("}")
	for key, name := range map[string]string{"serviceProvider": "MspaServiceProviderMode", "mode": "MspaMode"} {
		if offset, ok := offsets[name]; ok {
			fmt.Fprintf(&b, ", %s: %d", key, offset)
		}
	}
	b.WriteString("},\n")
	return b.String(), nil
}

// notices are the offsets of the notices that belong to an opt-out.
func notices(optOut string, offsets map[string]int) string {
	names := []string{optOut + "Notice"}
	if optOut == "SharingOptOut" {
		names = append(names, "SharingNotice")
	}
	var found []string
	for _, name := range names {
		if offset, ok := offsets[name]; ok {
			found = append(found, fmt.Sprint(offset))
		}
	}
	return strings.Join(found, ", ")
}

// isTeen tells whether everybody of an age range is 13 or older. "Under 16"
// includes children, and so does a range that names no age.
func isTeen(ages string) bool {
	return strings.HasPrefix(ages, "13") || strings.HasPrefix(ages, "16")
}
