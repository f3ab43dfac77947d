package document

import (
	"fmt"
	"reflect"
	"strings"
)

// Markdown gives the shape as a table: key, what it may be, what it is where
// it is absent, what it means. Keys of maps are written as <name>.
func (s *Schema) Markdown() string {
	var b strings.Builder
	b.WriteString("| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n")
	s.rows(&b, s.fields, s.defaults, "")
	return b.String()
}

func (s *Schema) rows(b *strings.Builder, fields []*Field, v reflect.Value, path string) {
	for _, f := range fields {
		at := strings.TrimPrefix(path+"."+f.Key, ".")
		if f.dynamic != "" {
			at = strings.TrimPrefix(path+".<"+f.dynamic+">", ".")
		}
		if f.nests() {
			s.rows(b, f.fields, v, at)
			continue
		}
		value := f.at(v)
		if f.Doc != "" || f.kind != nil {
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", at, escape(s.valueText(f)), escape(s.defaultText(f, value)), escape(f.Doc))
		}
		switch {
		case f.kind != nil:
		case f.many == table:
			s.rows(b, f.fields, s.entry(f.typ), at+".<name>")
		case f.many == list:
			s.rows(b, f.fields, s.entry(f.typ), at+"[]")
		default:
			s.rows(b, f.fields, value, at)
		}
	}
}

func escape(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// valueText says what a field may be.
func (s *Schema) valueText(f *Field) string {
	text := "map"
	if f.kind != nil {
		text = f.kind.Title
	}
	switch {
	case f.many == list && f.kind == nil:
		text = "list of maps"
	case f.many == list:
		text = "list of texts"
	case f.many == table && f.kind != nil:
		text = "map of " + strings.TrimSuffix(f.kind.Title, "s") + "s"
	}
	if f.Enum != nil {
		words := "`" + strings.Join(strings.Fields(strings.Join(f.Enum, " ")), "`, `") + "`"
		if f.many == one && !f.kind.Words {
			text = words
		} else {
			text = "list of " + words
		}
	}
	if f.Min != "" || f.Max != "" {
		text += strings.TrimSuffix(", "+f.Min+" to "+f.Max, " to ")
	}
	return text
}

// defaultText is what an absent key means.
func (s *Schema) defaultText(f *Field, v reflect.Value) string {
	word := f.Enum != nil && f.many == one
	switch {
	case f.Required:
		return "required"
	case f.kind == nil || f.many == one && !s.written(f, v) && !word && v.Kind() != reflect.Bool:
		return ""
	case f.many != one:
		if v.Len() == 0 {
			return ""
		}
		return fmt.Sprint(v.Interface())
	}
	n := f.kind.node(v)
	if n == nil || n.Shape == List || n.Text == "" {
		return ""
	}
	return "`" + n.Text + "`"
}

// written reports whether a default can be written down: zero and negative
// durations stand for none.
func (s *Schema) written(f *Field, v reflect.Value) bool {
	return f.kind.take == nil && v.IsValid() && !v.IsZero() && (!v.CanInt() || v.Int() > 0)
}
