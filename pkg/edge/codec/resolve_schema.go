package codec

import (
	"github.com/hamba/avro/v2"
)

func deref(s avro.Schema) avro.Schema {
	if ref, ok := s.(*avro.RefSchema); ok {
		return ref.Schema()
	}
	return s
}

func logicalOf(s avro.Schema) avro.LogicalType {
	p, ok := s.(*avro.PrimitiveSchema)
	if !ok || p.Logical() == nil {
		return ""
	}
	return p.Logical().Type()
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// sameShape tells whether two schemas have the same encoding and the same field
// names in the same order. Names of records, docs and defaults do not matter.
func sameShape(a, b avro.Schema, depth int) bool {
	a, b = deref(a), deref(b)
	if depth > maxDepth || a.Type() != b.Type() {
		return false
	}
	switch a := a.(type) {
	case *avro.RecordSchema:
		b, ok := b.(*avro.RecordSchema)
		return ok && sameFields(a.Fields(), b.Fields(), depth)
	case *avro.ArraySchema:
		b, ok := b.(*avro.ArraySchema)
		return ok && sameShape(a.Items(), b.Items(), depth+1)
	case *avro.MapSchema:
		b, ok := b.(*avro.MapSchema)
		return ok && sameShape(a.Values(), b.Values(), depth+1)
	case *avro.UnionSchema:
		b, ok := b.(*avro.UnionSchema)
		if !ok || len(a.Types()) != len(b.Types()) {
			return false
		}
		for i, branch := range a.Types() {
			if !sameShape(branch, b.Types()[i], depth+1) {
				return false
			}
		}
		return true
	case *avro.PrimitiveSchema:
		return logicalOf(a) == logicalOf(b) || logicalOf(a) != avro.TimestampMicros
	case *avro.NullSchema:
		return true
	default:
		// Ours have neither enums nor fixed.
		return false
	}
}

func sameFields(a, b []*avro.Field, depth int) bool {
	if len(a) != len(b) {
		return false
	}
	for i, f := range a {
		if f.Name() != b[i].Name() || !sameShape(f.Type(), b[i].Type(), depth+1) {
			return false
		}
	}
	return true
}

// headMatches tells whether a writer's schema begins with the head of ours, so
// that the head can be read without resolving the rest.
func headMatches(writer, ours avro.Schema) bool {
	w, ok := deref(writer).(*avro.RecordSchema)
	o, isRecord := deref(ours).(*avro.RecordSchema)
	const headFields = 3
	if !ok || !isRecord || len(w.Fields()) < headFields || len(o.Fields()) < headFields {
		return false
	}
	return sameFields(w.Fields()[:headFields], o.Fields()[:headFields], 0)
}

// defaultOf gives a field's default, encoded.
func defaultOf(f *avro.Field) ([]byte, bool) {
	if !f.HasDefault() {
		return nil, false
	}
	c := coder{mode: writing, buf: []byte{}}
	writeDefault(&c, deref(f.Type()), f.Default())
	return c.buf, true
}

// writeDefault writes the defaults that our schemas use: null for unions (the
// first branch), empty lists and maps, scalars, and {} for records.
func writeDefault(c *coder, s avro.Schema, value any) {
	switch s := s.(type) {
	case *avro.UnionSchema:
		c.writeLong(0)
	case *avro.ArraySchema, *avro.MapSchema:
		c.writeLong(0)
	case *avro.RecordSchema:
		for _, f := range s.Fields() {
			writeDefault(c, deref(f.Type()), f.Default())
		}
	case *avro.PrimitiveSchema:
		switch s.Type() {
		case avro.Boolean:
			v, _ := value.(bool)
			c.writeBool(v)
		case avro.Int:
			v, _ := value.(int)
			c.writeLong(int64(v))
		case avro.Long:
			v, _ := value.(int64)
			c.writeLong(v)
		case avro.Double:
			v, _ := value.(float64)
			c.writeDouble(v)
		case avro.String:
			v, _ := value.(string)
			c.writeString(v)
		case avro.Bytes:
			v, _ := value.([]byte)
			c.writeBytes(v)
		}
	}
}

// zeroOf is the zero value of a schema of ours, encoded.
func zeroOf(s avro.Schema) []byte {
	c := coder{mode: writing, buf: []byte{}}
	writeDefault(&c, deref(s), nil)
	return c.buf
}

// nullOf gives the encoding of null in a writer's schema; false where it has none.
func nullOf(s avro.Schema) ([]byte, bool) {
	switch s := deref(s).(type) {
	case *avro.NullSchema:
		return []byte{}, true
	case *avro.UnionSchema:
		for i, branch := range s.Types() {
			if deref(branch).Type() == avro.Null {
				c := coder{mode: writing}
				c.writeLong(int64(i))
				return c.buf, true
			}
		}
	}
	return nil, false
}

// encodeDefault gives the encoding of a writer's default, whatever its schema; false
// where it cannot be told, so that no value counts as the default.
func encodeDefault(s avro.Schema, value any) ([]byte, bool) {
	c := coder{mode: writing, buf: []byte{}}
	s = deref(s)
	if union, ok := s.(*avro.UnionSchema); ok {
		// A default is always a value of the first branch.
		c.writeLong(0)
		s = deref(union.Types()[0])
	}
	if s.Type() == avro.Null {
		return c.buf, true
	}
	encoded, err := avro.Marshal(s, value)
	if err != nil {
		return nil, false
	}
	return append(c.buf, encoded...), true
}
