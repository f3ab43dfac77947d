package main

import (
	"bytes"
	"fmt"
	"slices"
)

var celImports = []string{
	"cel.dev/cel-go/common/types",
	"",
	"github.com/sluicehq/sluice/pkg/core/event",
}

// seen are the records that expressions see. The others hold nothing but
// personal values, or consent, which no condition may weigh.
var seen = []string{"AnalyticsEvent", "Page", "Device", "Location", "Messaging", "Commerce", "Item", "Original"}

// cel emits what expressions see of these records: no personal value, which is
// what a field of type identity.Raw holds.
func (m *model) cel(w *bytes.Buffer) {
	for _, r := range m.records {
		if !slices.Contains(seen, r.name) {
			continue
		}
		params := "r *celRecord"
		for _, f := range r.fields {
			if f.kind == "list" {
				params += ", " + f.of.ident() + " *celRecord"
			}
		}
		fmt.Fprintf(w, "\nfunc %sFields(%s) {\n", r.ident(), params)
		for _, f := range r.fields {
			if line := f.celLine(r); line != "" {
				fmt.Fprintln(w, line)
			}
		}
		fmt.Fprintln(w, "}")
	}
}

// celKinds are the functions that declare a field, and what they read.
var celKinds = map[kind]struct{ declare, typ, suffix string }{
	"str": {"stringField", "string", ""}, "optStr": {"stringField", "string", ""}, "given": {"stringField", "string", ".Value"},
	"time": {"timeField", "int64", ""}, "optTime": {"timeField", "int64", ""},
	"optBoolean": {"boolField", "event.Opt[bool]", ""}, "optLong": {"intField", "event.Opt[int64]", ""},
	"optDouble": {"doubleField", "event.Opt[float64]", ""},
}

func (f *field) celLine(r *record) string {
	switch f.own.cel {
	case "-":
		return ""
	case "":
	default:
		return fmt.Sprintf("stringField(r, %q, %s)", f.name, f.own.cel)
	}
	switch f.kind {
	case "strs":
		return fmt.Sprintf("field(r, %q, types.NewListType(types.StringType), func(v *%s) ([]string, bool) {\nreturn %s, len(%s) > 0\n})", f.name, r.typ, f.path, f.path)
	case "list":
		return fmt.Sprintf("field(r, %q, types.NewListType(%s.typ), func(v *%s) (%s, bool) {\nreturn %s, len(%s) > 0\n})", f.name, f.of.ident(), r.typ, f.typ, f.path, f.path)
	}
	k, ok := celKinds[f.kind]
	if !ok {
		return "" // personal, or a record
	}
	return fmt.Sprintf("%s(r, %q, func(v *%s) %s { return %s%s })", k.declare, f.name, r.typ, k.typ, f.path, k.suffix)
}
