package main

import (
	"bytes"
	"fmt"
	"strings"
)

var coderImports = []string{
	"github.com/sluicehq/sluice/pkg/core/consent",
	"github.com/sluicehq/sluice/pkg/core/decision",
	"github.com/sluicehq/sluice/pkg/core/event",
	"github.com/sluicehq/sluice/pkg/core/identity",
}

// short are the names of records in Go functions, where they differ.
var short = map[string]string{"AnalyticsEvent": "event", "ConsentBasis": "basis", "Identifiers": "identifier", "Original": "amended"}

func (r *record) ident() string {
	if name, ok := short[r.name]; ok {
		return name
	}
	return strings.ToLower(r.name[:1]) + r.name[1:]
}

// params are what a record's functions take beside the record.
func (r *record) params() string {
	p := "v *" + r.typ.String()
	if more := further[r.name]; more != "" {
		p += ", " + more
	}
	return p
}

// coder emits the lists of fields that the coder walks.
func (m *model) coder(w *bytes.Buffer) {
	for _, r := range m.records {
		if outside[r.name] {
			continue
		}
		top := r.under == "" && !r.entry(m)
		fmt.Fprintf(w, "\n// %sFields lists the fields of %s in schema order.\n", r.ident(), r.name)
		fmt.Fprintf(w, "func %sFields(c *coder, %s) {\n", r.ident(), r.params())
		switch {
		case r.optional(m):
			fmt.Fprintf(w, "if !c.optRecord(%q, c.in() || %s) {\nreturn\n}\n", r.under, r.present())
		case !top:
			fmt.Fprintf(w, "c.record(%q)\n", r.under)
		}
		for _, f := range r.fields {
			fmt.Fprintln(w, f.coderLine())
		}
		if !top {
			fmt.Fprintln(w, "c.end()")
		}
		fmt.Fprintln(w, "}")
		if r.optional(m) && !r.typ.Comparable() {
			r.presence(w)
		}
	}
}

// entry tells whether the record is that of a list's entries, optional whether
// it may be null.
func (r *record) entry(m *model) bool    { return m.used(r, "list") }
func (r *record) optional(m *model) bool { return m.used(r, "optRecord") }

func (m *model) used(r *record, as kind) bool {
	for _, other := range m.records {
		for _, f := range other.fields {
			if f.of == r && f.kind == as {
				return true
			}
		}
	}
	return false
}

// present tells whether there is anything in a record.
func (r *record) present() string {
	if r.typ.Comparable() {
		return fmt.Sprintf("*v != (%s{})", r.typ)
	}
	return "has" + r.name + "(v)"
}

func (r *record) presence(w *bytes.Buffer) {
	var all []string
	for _, f := range r.fields {
		all = append(all, f.there())
	}
	fmt.Fprintf(w, "\nfunc has%s(v *%s) bool {\nreturn %s\n}\n", r.name, r.typ, strings.Join(all, " ||\n"))
}

// there tells whether a field is not absent.
func (f *field) there() string {
	switch f.kind {
	case "strs", "raws", "namedRaws", "list":
		return "len(" + f.path + ") > 0"
	case "raw":
		return "!" + f.path + ".IsZero()"
	case "given":
		return f.path + ".Given"
	case "optStr":
		return f.path + ` != ""`
	case "optTime":
		return f.path + " != 0"
	}
	return f.path + ".Set"
}

func (f *field) coderLine() string {
	if f.own.coder != "" {
		return strings.ReplaceAll(f.own.coder, "$", f.path)
	}
	at := "&" + f.path
	switch f.kind {
	case "record", "optRecord":
		return fmt.Sprintf("%sFields(c, %s)", f.of.ident(), at)
	case "list":
		grown := at
		if f.typ.Name() != "" {
			grown = fmt.Sprintf("(*[]%s)(%s)", f.of.typ, at)
		}
		return fmt.Sprintf("for l := c.array(%q, len(%s)); c.next(&l); {\ngrow(c, %s)\n%sFields(c, &%s[l.i])\n}", f.name, f.path, grown, f.of.ident(), f.path)
	case "integer":
		return fmt.Sprintf("integer(c, %q, %s)", f.name, at)
	case "word", "optWord":
		how := words[f.typ]
		return fmt.Sprintf("%s(c, %q, %s, %s, %s)", f.kind, f.name, at, strings.ReplaceAll(how.text, "$", f.path), how.parse)
	case "optBoolean":
		return fmt.Sprintf("c.optBool(%q, %s)", f.name, at)
	case "str":
		if f.typ.String() != "string" {
			at = "(*string)(" + at + ")"
		}
	case "key16":
		if f.typ.String() != "[16]uint8" {
			at = "(*[16]byte)(" + at + ")"
		}
	}
	return fmt.Sprintf("c.%s(%q, %s)", f.kind, f.name, at)
}
