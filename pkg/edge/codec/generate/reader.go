package main

import (
	"bytes"
	"fmt"
	"strings"
)

// reader emits straight-line readers: methods of straight that fill an empty
// record, and give up on whatever is unusual.
func (m *model) reader(w *bytes.Buffer) {
	for _, r := range m.records {
		fmt.Fprintf(w, "\nfunc (r *straight) read%s(%s) {\n", r.name, r.params())
		for rest := r.fields; len(rest) > 0; {
			n := stride(rest)
			if n >= shortest {
				fmt.Fprintf(w, "if !r.zeros(%d) {\n", n)
			}
			for _, f := range rest[:n] {
				fmt.Fprintln(w, f.readLine())
			}
			if n >= shortest {
				fmt.Fprintln(w, "}")
			}
			rest = rest[n:]
		}
		fmt.Fprintln(w, "}")
	}
}

// Runs of absent fields are one zero byte each. longest is how many are
// compared in one step; a run shorter than shortest is not worth one.
const longest, shortest = 8, 4

// stride gives how many fields come next in one step.
func stride(fields []field) int {
	n := 0
	for n < len(fields) && n < longest && fields[n].zero() && !usual[fields[n].key] {
		n++
	}
	if n < shortest {
		return 1
	}
	return n
}

// zero tells whether the field is one zero byte where it is absent, and nothing
// is to be done then.
func (f *field) zero() bool {
	switch f.kind {
	case "raw", "given", "tri", "key16", "strs", "raws", "namedRaws", "list", "optRecord":
		return true
	}
	return strings.HasPrefix(string(f.kind), "opt")
}

func (f *field) readLine() string {
	if f.own.read != "" {
		return strings.ReplaceAll(f.own.read, "$", f.path)
	}
	switch f.kind {
	case "optRecord":
		return fmt.Sprintf("if r.there() {\nr.read%s(&%s)\n}", f.of.name, f.path)
	case "record":
		return fmt.Sprintf("r.read%s(&%s)", f.of.name, f.path)
	case "list":
		return fmt.Sprintf("for left := r.list(); r.more(&left); {\n%[1]s = append(%[1]s, %[2]s{})\nr.read%[3]s(&%[1]s[len(%[1]s)-1])\n}", f.path, f.of.typ, f.of.name)
	case "strs", "raws", "namedRaws":
		return fmt.Sprintf("r.%s(&%s)", f.kind, f.path)
	case "key16":
		return fmt.Sprintf("r.key16((*[16]byte)(&%s))", f.path)
	case "integer":
		return fmt.Sprintf("readInteger(r, &%s)", f.path)
	case "word", "optWord":
		return fmt.Sprintf("read%s(r, &%s, %s)", strings.ToUpper(string(f.kind[:1]))+string(f.kind[1:]), f.path, words[f.typ].parse)
	case "str":
		if f.typ.String() != "string" {
			return fmt.Sprintf("%s = %s(r.str())", f.path, f.typ)
		}
	}
	return fmt.Sprintf("%s = r.%s()", f.path, f.kind)
}
