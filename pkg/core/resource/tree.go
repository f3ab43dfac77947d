package resource

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// shape tells which kind of YAML node a tree is.
type shape uint8

const (
	shapeNull shape = iota
	shapeBool
	shapeNumber
	shapeString
	shapeList
	shapeMap
)

var shapeNames = [...]string{"nothing", "true or false", "a number", "a string", "a list", "a map"}

// tree is one YAML value with its position. Reading, exporting and comparing
// resources all work on trees, so that a path means the same everywhere.
type tree struct {
	shape        shape
	text         string // a scalar's text: true, 12.5, or the string itself
	line, column int
	list         []*tree
	entries      []entry
}

// entry is one key of a map, with the position of the key.
type entry struct {
	key          string
	line, column int
	value        *tree
}

func textTree(s string) *tree   { return &tree{shape: shapeString, text: s} }
func boolTree(b bool) *tree     { return &tree{shape: shapeBool, text: strconv.FormatBool(b)} }
func numberTree(n string) *tree { return &tree{shape: shapeNumber, text: n} }

func textsTree(list []string) *tree {
	t := &tree{shape: shapeList}
	for _, s := range list {
		t.list = append(t.list, textTree(s))
	}
	return t
}

// put adds a key unless the value is nil, and returns t.
func (t *tree) put(key string, value *tree) *tree {
	if value != nil {
		t.entries = append(t.entries, entry{key: key, value: value})
	}
	return t
}

// putText adds a key unless the text is empty, and returns t.
func (t *tree) putText(key, text string) *tree {
	if text != "" {
		t.put(key, textTree(text))
	}
	return t
}

// orNil gives nil for an empty map, so that put leaves it out.
func (t *tree) orNil() *tree {
	if len(t.entries) == 0 {
		return nil
	}
	return t
}

// get gives the value of a key, nil where it is absent or null.
func (t *tree) get(key string) *tree {
	for i := range t.entries {
		if t.entries[i].key == key {
			if t.entries[i].value.shape == shapeNull {
				return nil
			}
			return t.entries[i].value
		}
	}
	return nil
}

// appendJSON appends t as compact JSON with sorted keys: equal content gives
// equal bytes, whatever the order and style of the file.
func (t *tree) appendJSON(dst []byte) []byte {
	switch t.shape {
	case shapeString:
		return appendJSONString(dst, t.text)
	case shapeBool, shapeNumber:
		return append(dst, t.text...)
	case shapeList:
		dst = append(dst, '[')
		for i, item := range t.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendJSON(dst)
		}
		return append(dst, ']')
	case shapeMap:
		sorted := slices.Clone(t.entries)
		slices.SortStableFunc(sorted, func(a, b entry) int { return strings.Compare(a.key, b.key) })
		dst = append(dst, '{')
		for i := range sorted {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONString(dst, sorted[i].key)
			dst = append(dst, ':')
			dst = sorted[i].value.appendJSON(dst)
		}
		return append(dst, '}')
	default:
		return append(dst, "null"...)
	}
}

// json gives t as JSON, nil for a nil tree.
func (t *tree) json() json.RawMessage {
	if t == nil {
		return nil
	}
	return t.appendJSON(nil)
}

func appendJSONString(dst []byte, s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // a string always encodes
		return append(dst, `""`...)
	}
	return append(dst, bytes.TrimRight(b.Bytes(), "\n")...)
}

// treeFromJSON reads JSON that appendJSON or a codec wrote. It gives nil for
// empty or unreadable input.
func treeFromJSON(raw json.RawMessage) *tree {
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil
	}
	return treeOf(v)
}

func treeOf(v any) *tree {
	switch v := v.(type) {
	case string:
		return textTree(v)
	case bool:
		return boolTree(v)
	case json.Number:
		return numberTree(v.String())
	case []any:
		t := &tree{shape: shapeList}
		for _, item := range v {
			t.list = append(t.list, treeOf(item))
		}
		return t
	case map[string]any:
		t := &tree{shape: shapeMap}
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			t.put(key, treeOf(v[key]))
		}
		return t
	default:
		return &tree{shape: shapeNull}
	}
}

// numberText turns a YAML number (0x1F, 1_000, .5) into a JSON number. It
// gives false for what JSON cannot say (infinity).
func numberText(s string) (string, bool) {
	if json.Valid([]byte(s)) {
		return s, true
	}
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return strconv.FormatInt(n, 10), true
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", false
	}
	return formatNumber(f), true
}

func formatNumber(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// childPath names a key below path: spec.delivery.rate, and brackets where the
// key itself has dots: spec.events[transaction.purchase].lane.
func childPath(path, key string) string {
	if key == "" || strings.ContainsAny(key, ".[]/ ") {
		return path + "[" + key + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func indexPath(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
