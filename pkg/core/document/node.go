package document

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Shape tells which kind of value a node is.
type Shape uint8

// The shapes.
const (
	Null Shape = iota
	Bool
	Number
	String
	List
	Map
)

// String names the shape as problems do.
func (s Shape) String() string {
	return [...]string{"nothing", "true or false", "a number", "a string", "a list", "a map"}[min(s, Map)]
}

// Node is one value with its position. Reading, writing and comparing
// documents all work on nodes, so that a path means the same everywhere.
type Node struct {
	Shape        Shape
	Text         string // a scalar's text: true, 12.5, or the string itself
	Line, Column int
	List         []*Node
	Entries      []Entry
	Comment      string // written above the entry that holds the node
}

// Entry is one key of a map, with the position of the key.
type Entry struct {
	Key          string
	Line, Column int
	Value        *Node
}

func textNode(s string) *Node   { return &Node{Shape: String, Text: s} }
func boolNode(b bool) *Node     { return &Node{Shape: Bool, Text: strconv.FormatBool(b)} }
func numberNode(n string) *Node { return &Node{Shape: Number, Text: n} }

func textsNode(list []string) *Node {
	n := &Node{Shape: List}
	for _, s := range list {
		n.List = append(n.List, textNode(s))
	}
	return n
}

// NewMap gives an empty map.
func NewMap() *Node { return &Node{Shape: Map} }

// Put adds a key unless the value is nil, and returns n.
func (n *Node) Put(key string, value *Node) *Node {
	if value != nil {
		n.Entries = append(n.Entries, Entry{Key: key, Value: value})
	}
	return n
}

// PutText adds a key unless the text is empty, and returns n.
func (n *Node) PutText(key, text string) *Node {
	if text != "" {
		n.Put(key, textNode(text))
	}
	return n
}

// Find gives the entry of a key, nil where it is absent.
func (n *Node) Find(key string) *Entry {
	if n == nil {
		return nil
	}
	for i := range n.Entries {
		if n.Entries[i].Key == key {
			return &n.Entries[i]
		}
	}
	return nil
}

// Get gives the value of a key, nil where it is absent or null.
func (n *Node) Get(key string) *Node {
	if e := n.Find(key); e != nil && e.Value.Shape != Null {
		return e.Value
	}
	return nil
}

// Has reports whether a key has a value other than null.
func (n *Node) Has(key string) bool { return n.Get(key) != nil }

// Uncomment removes the comments of a map and of everything below it.
func (n *Node) Uncomment() {
	n.Comment = ""
	for _, e := range n.Entries {
		e.Value.Uncomment()
	}
}

// AppendJSON appends n as compact JSON with sorted keys: equal content gives
// equal bytes, whatever the order and style of the file.
func (n *Node) AppendJSON(dst []byte) []byte {
	switch n.Shape {
	case String:
		return appendJSONString(dst, n.Text)
	case Bool, Number:
		return append(dst, n.Text...)
	case List:
		dst = append(dst, '[')
		for i, item := range n.List {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendJSON(dst)
		}
		return append(dst, ']')
	case Map:
		sorted := slices.Clone(n.Entries)
		slices.SortStableFunc(sorted, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
		dst = append(dst, '{')
		for i := range sorted {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, sorted[i].Key), ':')
			dst = sorted[i].Value.AppendJSON(dst)
		}
		return append(dst, '}')
	default:
		return append(dst, "null"...)
	}
}

// JSON gives n as JSON, nil for a nil node.
func (n *Node) JSON() json.RawMessage {
	if n == nil {
		return nil
	}
	return n.AppendJSON(nil)
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

// FromJSON reads JSON that AppendJSON or a codec wrote. It gives nil for empty
// or unreadable input.
func FromJSON(raw json.RawMessage) *Node {
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil
	}
	return nodeOf(v)
}

func nodeOf(v any) *Node {
	switch v := v.(type) {
	case string:
		return textNode(v)
	case bool:
		return boolNode(v)
	case json.Number:
		return numberNode(v.String())
	case []any:
		n := &Node{Shape: List}
		for _, item := range v {
			n.List = append(n.List, nodeOf(item))
		}
		return n
	case map[string]any:
		n := NewMap()
		for _, key := range sortedKeys(v) {
			n.Put(key, nodeOf(v[key]))
		}
		return n
	default:
		return &Node{}
	}
}

// Over gives a map with the entries of n, and those of base for keys that n
// lacks. base may be nil.
func (n *Node) Over(base *Node) *Node {
	if base == nil {
		return n
	}
	joined := &Node{Shape: Map, Line: n.Line, Column: n.Column, Entries: slices.Clone(n.Entries)}
	for _, e := range base.Entries {
		if joined.Find(e.Key) == nil {
			joined.Entries = append(joined.Entries, e)
		}
	}
	return joined
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
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

// ChildPath names a key below path: spec.delivery.rate, and brackets where the
// key itself has dots: spec.events[transaction.purchase].lane.
func ChildPath(path, key string) string {
	if key == "" || strings.ContainsAny(key, ".[]/ ") {
		return path + "[" + key + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// IndexPath names an item of a list.
func IndexPath(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
