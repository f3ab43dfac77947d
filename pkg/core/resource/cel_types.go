package resource

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/sluicehq/sluice/pkg/core/event"
)

// absentError says that an expression read a field that the event does not
// have. It names the field, never a value.
type absentError struct{ path string }

func (e *absentError) Error() string { return e.path + " is absent" }

// celRecord is one record type that expressions see.
type celRecord struct {
	name   string // in error messages: event.commerce
	typ    *types.Type
	fields map[string]*types.FieldType
	names  []string
}

func (r *celRecord) add(name string, t *types.Type, isSet func(any) bool, get func(any) any) {
	absent := &absentError{path: r.name + "." + name}
	r.names = append(r.names, name)
	r.fields[name] = &types.FieldType{
		Type:  t,
		IsSet: isSet,
		GetFrom: func(target any) (any, error) {
			if !isSet(target) {
				return nil, absent
			}
			return get(target), nil
		},
	}
}

// field adds a field of record type T. read gives the value and whether it is
// present; nothing is converted before an expression asks for it.
func field[T, V any](r *celRecord, name string, t *types.Type, read func(*T) (V, bool)) {
	r.add(name, t,
		func(target any) bool {
			from, ok := target.(*T)
			if !ok || from == nil {
				return false
			}
			_, set := read(from)
			return set
		},
		func(target any) any {
			v, _ := read(target.(*T)) //nolint:forcetypeassert // IsSet has checked it
			return v
		})
}

func stringField[T any](r *celRecord, name string, read func(*T) string) {
	field(r, name, types.StringType, func(t *T) (string, bool) { s := read(t); return s, s != "" })
}

func doubleField[T any](r *celRecord, name string, read func(*T) event.Opt[float64]) {
	field(r, name, types.DoubleType, func(t *T) (float64, bool) { v := read(t); return v.Value, v.Set })
}

func intField[T any](r *celRecord, name string, read func(*T) event.Opt[int64]) {
	field(r, name, types.IntType, func(t *T) (int64, bool) { v := read(t); return v.Value, v.Set })
}

func boolField[T any](r *celRecord, name string, read func(*T) event.Opt[bool]) {
	field(r, name, types.BoolType, func(t *T) (bool, bool) { v := read(t); return v.Value, v.Set })
}

func timeField[T any](r *celRecord, name string, read func(*T) int64) {
	field(r, name, types.TimestampType, func(t *T) (time.Time, bool) {
		ms := read(t)
		return time.UnixMilli(ms).UTC(), ms != 0
	})
}

// presence adds a boolean that is always there.
func presence(r *celRecord, name string, has func(*event.Event) bool) {
	field(r, name, types.BoolType, func(v *identityView) (bool, bool) { return has((*event.Event)(v)), true })
}

// recordField adds a nested record. Reading it never fails, so that
// has(event.page.url) needs no has(event.page) before it; it counts as present
// where any of its fields is.
func recordField[T, N any](r *celRecord, name string, nested *celRecord, read func(*T) *N) {
	nested.name = r.name + "." + name
	r.names = append(r.names, name)
	r.fields[name] = &types.FieldType{
		Type: nested.typ,
		IsSet: func(target any) bool {
			from, ok := target.(*T)
			return ok && from != nil && nested.anySet(read(from))
		},
		GetFrom: func(target any) (any, error) {
			from, ok := target.(*T)
			if !ok || from == nil {
				return nil, &absentError{path: nested.name}
			}
			return read(from), nil
		},
	}
}

func (r *celRecord) anySet(target any) bool {
	for _, name := range r.names {
		if r.fields[name].IsSet(target) {
			return true
		}
	}
	return false
}

// celValue is a record as a value of its own, where an expression does more
// with it than reading a field (compares it, iterates over items).
type celValue struct {
	record *celRecord
	target any
}

// ConvertToNative implements ref.Val.
func (v *celValue) ConvertToNative(desc reflect.Type) (any, error) {
	if reflect.TypeOf(v.target).AssignableTo(desc) {
		return v.target, nil
	}
	return nil, fmt.Errorf("converting %s: not a scalar", v.record.name)
}

// ConvertToType implements ref.Val.
func (v *celValue) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.TypeType:
		return v.record.typ
	case ref.Type(v.record.typ):
		return v
	}
	return types.NewErr("no such conversion")
}

// Equal implements ref.Val: a record equals itself.
func (v *celValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(*celValue)
	return types.Bool(ok && o.target == v.target)
}

// Type implements ref.Val.
func (v *celValue) Type() ref.Type { return v.record.typ }

// Value implements ref.Val.
func (v *celValue) Value() any { return v.target }

// IsSet implements traits.FieldTester.
func (v *celValue) IsSet(name ref.Val) ref.Val {
	f, ok := v.field(name)
	return types.Bool(ok && f.IsSet(v.target))
}

// Get implements traits.Indexer.
func (v *celValue) Get(name ref.Val) ref.Val {
	f, ok := v.field(name)
	if !ok {
		return types.NewErr("no such field")
	}
	got, err := f.GetFrom(v.target)
	if err != nil {
		return types.WrapErr(err)
	}
	return celTypes().NativeToValue(got)
}

func (v *celValue) field(name ref.Val) (*types.FieldType, bool) {
	s, ok := name.(types.String)
	if !ok {
		return nil, false
	}
	f, ok := v.record.fields[string(s)]
	return f, ok
}

var (
	_ traits.FieldTester = (*celValue)(nil)
	_ traits.Indexer     = (*celValue)(nil)
)

// celRegistry tells the compiler the types of the records and the evaluator
// how to read them. It adds to the standard registry.
type celRegistry struct {
	*types.Registry
	records map[string]*celRecord
}

// own gives a registry for one environment: building an environment registers
// the types of its libraries in the registry that it is given, without a lock,
// while another environment may be reading them.
func (r *celRegistry) own() *celRegistry {
	return &celRegistry{Registry: r.Copy(), records: r.records}
}

// FindStructType implements types.Provider.
func (r *celRegistry) FindStructType(name string) (*types.Type, bool) {
	if record, ok := r.records[name]; ok {
		return types.NewTypeTypeWithParam(record.typ), true
	}
	return r.Registry.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (r *celRegistry) FindStructFieldNames(name string) ([]string, bool) {
	if record, ok := r.records[name]; ok {
		return slices.Clone(record.names), true
	}
	return r.Registry.FindStructFieldNames(name)
}

// FindStructFieldType implements types.Provider.
func (r *celRegistry) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if record, ok := r.records[name]; ok {
		f, ok := record.fields[field]
		return f, ok
	}
	return r.Registry.FindStructFieldType(name, field)
}

// NewValue implements types.Provider: expressions do not make records.
func (r *celRegistry) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := r.records[name]; ok {
		return types.NewErr("records cannot be made")
	}
	return r.Registry.NewValue(name, fields)
}

// NativeToValue implements types.Adapter.
func (r *celRegistry) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case []event.Item:
		items := make([]ref.Val, len(v))
		for i := range v {
			items[i] = &celValue{r.records[celItem], &v[i]}
		}
		return types.NewRefValList(r, items)
	case *propertyMap:
		return types.NewStringInterfaceMap(r, v.natural())
	}
	if name, ok := recordTypeOf(value); ok {
		return &celValue{r.records[name], value}
	}
	return r.Registry.NativeToValue(value)
}

// propertyMap is an event's custom properties, looked up without making a map.
type propertyMap []event.Property

// FindStringKey lets the evaluator look up one key. A null property is absent.
func (p *propertyMap) FindStringKey(key string) (any, bool) {
	for i := range *p {
		if (*p)[i].Key == key {
			return natural((*p)[i].Value)
		}
	}
	return nil, false
}

func (p *propertyMap) natural() map[string]any {
	m := make(map[string]any, len(*p))
	for i := range *p {
		if v, ok := natural((*p)[i].Value); ok {
			m[(*p)[i].Key] = v
		}
	}
	return m
}

func natural(v event.Value) (any, bool) {
	switch v.Kind {
	case event.String:
		return v.Str, true
	case event.Double:
		return v.Double, true
	case event.Long:
		return v.Long, true
	case event.Boolean:
		return v.Bool, true
	default:
		return nil, false
	}
}
