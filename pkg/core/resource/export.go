package resource

import (
	"regexp"
	"strings"
)

// Export writes records as YAML documents that Load reads back to the same
// records. Every expanded mapping is a document of its own, because the
// records do not say how they were grouped.
func Export(r *Resources) []byte {
	var b yamlWriter
	for _, d := range r.Destinations {
		b.document(destinationTree(d))
	}
	for _, m := range r.Mappings {
		provider := ""
		if d, ok := r.Destination(m.DestinationID); ok {
			provider = d.Provider
		}
		b.document(mappingTreeFor(m, provider))
	}
	for _, p := range r.Policies {
		b.document(policyTree(p))
	}
	return []byte(b.String())
}

// yamlWriter writes trees in one style: block maps, lists of scalars in
// brackets, and quotes around every string that could be read as anything
// else.
type yamlWriter struct{ strings.Builder }

func (w *yamlWriter) document(t *tree) {
	if w.Len() > 0 {
		w.WriteString("---\n")
	}
	w.block(t, 0)
}

// block writes the entries of a map, each on a line of its own.
func (w *yamlWriter) block(t *tree, indent int) {
	for _, e := range t.entries {
		w.WriteString(strings.Repeat("  ", indent))
		w.scalar(e.key)
		w.WriteByte(':')
		w.value(e.value, indent)
	}
}

func (w *yamlWriter) value(t *tree, indent int) {
	switch {
	case t.shape == shapeMap && len(t.entries) > 0:
		w.WriteByte('\n')
		w.block(t, indent+1)
	case t.shape == shapeList && hasMaps(t):
		w.WriteByte('\n')
		for _, item := range t.list {
			w.WriteString(strings.Repeat("  ", indent+1) + "- ")
			w.flow(item)
			w.WriteByte('\n')
		}
	default:
		w.WriteByte(' ')
		w.flow(t)
		w.WriteByte('\n')
	}
}

func hasMaps(t *tree) bool {
	for _, item := range t.list {
		if item.shape >= shapeList {
			return true
		}
	}
	return false
}

func (w *yamlWriter) flow(t *tree) {
	switch t.shape {
	case shapeString:
		w.scalar(t.text)
	case shapeBool, shapeNumber:
		w.WriteString(t.text)
	case shapeNull:
		w.WriteString("null")
	case shapeList:
		w.WriteByte('[')
		for i, item := range t.list {
			if i > 0 {
				w.WriteString(", ")
			}
			w.flow(item)
		}
		w.WriteByte(']')
	case shapeMap:
		w.WriteByte('{')
		for i, e := range t.entries {
			if i > 0 {
				w.WriteString(", ")
			}
			w.scalar(e.key)
			w.WriteString(": ")
			w.flow(e.value)
		}
		w.WriteByte('}')
	}
}

// plain is what needs no quotes in any YAML version: it begins with a letter
// and contains nothing that has a meaning.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./@+-]*$`)

func (w *yamlWriter) scalar(s string) {
	if plain.MatchString(s) && !isYAMLWord(s) {
		w.WriteString(s)
		return
	}
	w.Write(appendJSONString(nil, s))
}

// isYAMLWord knows the words that some YAML version reads as a boolean, null
// or number.
func isYAMLWord(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf":
		return true
	default:
		return false
	}
}
