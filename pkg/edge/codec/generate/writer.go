package main

import (
	"bytes"
	"fmt"
	"strings"
)

// writer emits straight-line writers of deliveries and diagnostics. Events are
// written by tools only, with the coder.
func (m *model) writer(w *bytes.Buffer) {
	written := map[*record]bool{}
	for _, name := range []string{"Delivery", "Diagnostic"} {
		m.put(w, m.byName[name], written, "p *pair, ")
	}
}

func (m *model) put(w *bytes.Buffer, r *record, written map[*record]bool, top string) {
	if written[r] {
		return
	}
	written[r] = true
	for _, f := range r.fields {
		if f.of != nil {
			m.put(w, f.of, written, "")
		}
	}
	fmt.Fprintf(w, "\nfunc put%s(b []byte, %s%s) []byte {\n", r.name, top, r.params())
	for _, f := range r.fields {
		fmt.Fprintln(w, f.writeLine())
	}
	fmt.Fprint(w, "return b\n}\n")
}

func (f *field) writeLine() string {
	if f.own.write != "" {
		return strings.ReplaceAll(f.own.write, "$", f.path)
	}
	value := f.path
	switch f.kind {
	case "record":
		return fmt.Sprintf("b = put%s(b, &%s)", f.of.name, f.path)
	case "list":
		return fmt.Sprintf("b = putCount(b, len(%[1]s))\nfor i := range %[1]s {\nb = put%[2]s(b, &%[1]s[i])\n}\nb = endList(b, len(%[1]s))", f.path, f.of.name)
	case "word":
		return fmt.Sprintf("b = putStr(b, %s)", strings.ReplaceAll(words[f.typ].text, "$", f.path))
	case "optWord":
		return fmt.Sprintf("b = putOptStr(b, %s)", strings.ReplaceAll(words[f.typ].text, "$", f.path))
	case "rawStr":
		return fmt.Sprintf("b = putStr(b, %s.Reveal())", f.path)
	case "key16":
		return fmt.Sprintf("b = putKey16(b, (*[16]byte)(&%s))", f.path)
	case "integer", "time":
		return fmt.Sprintf("b = putLong(b, int64(%s))", f.path)
	case "str":
		if f.typ.String() != "string" {
			value = "string(" + f.path + ")"
		}
	}
	return fmt.Sprintf("b = put%s%s(b, %s)", strings.ToUpper(string(f.kind[:1])), f.kind[1:], value)
}
