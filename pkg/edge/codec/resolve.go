package codec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hamba/avro/v2"

	"github.com/sluicehq/sluice/schemas"
)

// plan rewrites values of a writer's schema into the shape of ours. It is
// compiled once per schema id. Names of records do not matter, only the names of
// fields: a customer's own schema need not be called like ours.
//
// Beyond the specification's rules it reads an enum as its symbol,
// timestamp-micros as milliseconds, and a null where ours has none as our
// default.
type plan struct {
	op       planOp
	fields   []planField // fields of a record, in our order
	writer   []avro.Schema
	branches []*plan // of the writer's union, in its order
	item     *plan   // entries of an array or map; the value of a wrapped union
	branch   int64   // branch of our union that is written
	symbols  []string
	fallback []byte // our default, encoded
	skip     avro.Schema
	name     string // of the field that is malformed
	// unknown are fields of consent in a record that our schema does not have.
	unknown []unknownField
}

// unknownField is a writer's field that ours lacks: it says nothing where its
// encoding is one of silent, null and its default.
type unknownField struct {
	from   int // index of the writer's field
	name   string
	silent [][]byte
}

// planField is where one of our fields comes from.
type planField struct {
	from     int // index of the writer's field, or -1: the default
	plan     *plan
	fallback []byte
}

type planOp uint8

const (
	planCopy      planOp = iota // a value with the same encoding
	planRecord                  // fields by name
	planArray                   // entries one by one
	planMap                     // keys and entries
	planFromUnion               // by the branch that was written
	planToUnion                 // into one branch of ours
	planSymbol                  // enum to string
	planLongToDouble
	planFloatToDouble
	planMicros    // timestamp-micros to milliseconds
	planDefault   // null where ours is not nullable
	planMalformed // consent of a type that cannot be consent
	planMismatch  // a union's branch that cannot be read; an error where it occurs
)

// planner compiles plans.
type planner struct {
	kind  schemas.Name
	depth int
}

// compilePlan gives the plan from a writer's schema to ours; nil where both
// have the same shape, so that nothing has to be done.
func compilePlan(kind schemas.Name, writer, ours avro.Schema) (*plan, error) {
	if sameShape(writer, ours, 0) {
		return nil, nil
	}
	return (&planner{kind: kind}).compile("", writer, ours, nil)
}

// isConsent tells whether a wrong type at the path is malformed consent rather
// than an unreadable record. Only events and consent records have such fields
// at these paths; a delivery's and a diagnostic's consent is our own writing.
func (p *planner) isConsent(path string) bool {
	switch p.kind {
	case schemas.AnalyticsEvent:
		return path == "age_group" || path == "consent" || strings.HasPrefix(path, "consent.")
	case schemas.ConsentRecord:
		return path != "" && path != "source" && path != "policy_version"
	}
	return false
}

func (p *planner) compile(path string, writer, ours avro.Schema, fallback []byte) (*plan, error) {
	writer, ours = deref(writer), deref(ours)
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("resolving field %s: the schema nests too deeply", path)
	}
	defer func() { p.depth-- }()
	if w, ok := writer.(*avro.UnionSchema); ok {
		return p.fromUnion(path, w, ours, fallback)
	}
	if o, ok := ours.(*avro.UnionSchema); ok {
		return p.toUnion(path, writer, o)
	}
	if found, err := p.same(path, writer, ours); found != nil || err != nil {
		return found, err
	}
	if p.isConsent(path) {
		return nil, errMismatch
	}
	return nil, fmt.Errorf("resolving field %s: %s cannot be read as %s: %w", path, writer.Type(), ours.Type(), errMismatch)
}

// errMismatch marks a type that cannot be read as ours.
var errMismatch = errors.New("types do not match")

// same compiles two schemas that are no unions; nil where they do not match.
func (p *planner) same(path string, writer, ours avro.Schema) (*plan, error) {
	switch w := writer.(type) {
	case *avro.RecordSchema:
		if o, ok := ours.(*avro.RecordSchema); ok {
			return p.record(path, w, o)
		}
	case *avro.ArraySchema:
		if o, ok := ours.(*avro.ArraySchema); ok {
			item, err := p.compile(path, w.Items(), o.Items(), nil)
			return wrap(planArray, item, err)
		}
	case *avro.MapSchema:
		if o, ok := ours.(*avro.MapSchema); ok {
			item, err := p.compile(path, w.Values(), o.Values(), nil)
			return wrap(planMap, item, err)
		}
	case *avro.EnumSchema:
		if ours.Type() == avro.String {
			return &plan{op: planSymbol, symbols: w.Symbols()}, nil
		}
	default:
		return samePrimitive(writer, ours), nil
	}
	return nil, nil
}

// samePrimitive compiles two schemas without parts; nil where they do not match.
func samePrimitive(writer, ours avro.Schema) *plan {
	w, o := writer.Type(), ours.Type()
	switch {
	case w == avro.Long && o == avro.Long && logicalOf(ours) == avro.TimestampMillis && logicalOf(writer) == avro.TimestampMicros:
		return &plan{op: planMicros}
	case w == o && w != avro.Fixed,
		w == avro.Int && o == avro.Long, // both are zigzag varints
		w == avro.String && o == avro.Bytes, w == avro.Bytes && o == avro.String:
		return &plan{op: planCopy, skip: ours}
	case (w == avro.Int || w == avro.Long) && o == avro.Double:
		return &plan{op: planLongToDouble}
	case w == avro.Float && o == avro.Double:
		return &plan{op: planFloatToDouble}
	}
	return nil
}

func wrap(op planOp, item *plan, err error) (*plan, error) {
	if err != nil {
		return nil, err
	}
	return &plan{op: op, item: item}, nil
}

func (p *planner) record(path string, writer, ours *avro.RecordSchema) (*plan, error) {
	out := &plan{op: planRecord}
	for _, f := range writer.Fields() {
		out.writer = append(out.writer, f.Type())
	}
	for _, field := range ours.Fields() {
		at := join(path, field.Name())
		fallback, hasDefault := defaultOf(field)
		from := slices.IndexFunc(writer.Fields(), func(f *avro.Field) bool { return f.Name() == field.Name() })
		if from < 0 {
			if !hasDefault {
				return nil, fmt.Errorf("resolving field %s: the writer's schema lacks it", at)
			}
			out.fields = append(out.fields, planField{from: -1, fallback: fallback})
			continue
		}
		child, err := p.compile(at, writer.Fields()[from].Type(), field.Type(), fallback)
		if err != nil && p.isConsent(at) {
			child, err = &plan{op: planMalformed, name: field.Name(), skip: writer.Fields()[from].Type(), fallback: orZero(fallback, field.Type())}, nil
		}
		if err != nil {
			return nil, err
		}
		out.fields = append(out.fields, planField{from: from, plan: child})
	}
	if p.isConsentRecord(path) {
		out.unknown = unknownFields(writer, ours)
	}
	return out, nil
}

// isConsentRecord tells whether the record at a path is a consent statement, in
// which a field that we do not know may carry a choice.
func (p *planner) isConsentRecord(path string) bool {
	return p.kind == schemas.AnalyticsEvent && path == "consent" || p.kind == schemas.ConsentRecord && path == ""
}

func unknownFields(writer, ours *avro.RecordSchema) []unknownField {
	var unknown []unknownField
	for i, f := range writer.Fields() {
		if slices.ContainsFunc(ours.Fields(), func(o *avro.Field) bool { return o.Name() == f.Name() }) {
			continue
		}
		u := unknownField{from: i, name: f.Name()}
		if null, ok := nullOf(f.Type()); ok {
			u.silent = append(u.silent, null)
		}
		if f.HasDefault() {
			if encoded, ok := encodeDefault(f.Type(), f.Default()); ok {
				u.silent = append(u.silent, encoded)
			}
		}
		unknown = append(unknown, u)
	}
	return unknown
}

func (p *planner) fromUnion(path string, writer *avro.UnionSchema, ours avro.Schema, fallback []byte) (*plan, error) {
	out := &plan{op: planFromUnion}
	usable := false
	for _, branch := range writer.Types() {
		branch = deref(branch)
		child, err := p.compile(path, branch, ours, fallback)
		switch {
		case err == nil:
			usable = usable || branch.Type() != avro.Null
		case branch.Type() == avro.Null:
			child = &plan{op: planDefault, fallback: orZero(fallback, ours)}
		case p.isConsent(path):
			child = &plan{op: planMalformed, name: path[strings.LastIndexByte(path, '.')+1:], skip: branch, fallback: orZero(fallback, ours)}
			usable = true
		default:
			child = &plan{op: planMismatch}
		}
		out.branches = append(out.branches, child)
	}
	if !usable && len(writer.Types()) > 1 {
		return nil, fmt.Errorf("resolving field %s: no branch of the writer's union can be read: %w", path, errMismatch)
	}
	return out, nil
}

func (p *planner) toUnion(path string, writer avro.Schema, ours *avro.UnionSchema) (*plan, error) {
	// An exact type first: a long must not become a double because that branch
	// comes first.
	for _, exact := range []bool{true, false} {
		for i, branch := range ours.Types() {
			if exact && deref(branch).Type() != writer.Type() {
				continue
			}
			child, err := p.compile(path, writer, branch, nil)
			if err == nil {
				return &plan{op: planToUnion, branch: int64(i), item: child}, nil
			}
		}
	}
	return nil, fmt.Errorf("resolving field %s: %s is no branch of our union: %w", path, writer.Type(), errMismatch)
}

// orZero is the default, or the zero value of a string where there is none: a
// null in place of a required string is an empty string, which is invalid.
func orZero(fallback []byte, ours avro.Schema) []byte {
	if fallback == nil {
		return zeroOf(ours)
	}
	return fallback
}
