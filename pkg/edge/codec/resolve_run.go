package codec

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/hamba/avro/v2"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// resolved is a body in our schema. malformed says that consent had a type that
// our schema cannot hold, wrong in which field; unknown is a field of consent that
// our schema does not have and that says something.
type resolved struct {
	body           []byte
	malformed      bool
	wrong, unknown string
}

// mark takes over what could not be resolved.
func (r *resolved) mark(in *consent.Input) {
	if r.malformed {
		markWrongType(in, r.wrong)
	}
	markUnknown(in, r.unknown)
}

// rewriter runs a plan over one body.
type rewriter struct {
	in             coder // reads the writer's body
	out            coder // writes ours
	malformed      bool
	wrong, unknown string
	// budget bounds the entries in all lists together: entries of no size
	// could otherwise be claimed without end.
	budget int
}

// passes is how often an entry may be passed: once for each level of records
// around it in our schemas, to find the fields, and once to rewrite it.
const passes = 8

// run rewrites a body. Errors are *DecodeError.
func (p *plan) run(body []byte) (resolved, error) {
	r := rewriter{in: reader(body), budget: passes * len(body)}
	r.out = coder{mode: writing, buf: make([]byte, 0, len(body)+len(body)/4+64)}
	r.rewrite(p)
	if err := r.in.err(); err != nil {
		return resolved{}, err
	}
	return resolved{body: r.out.buf, malformed: r.malformed, wrong: r.wrong, unknown: r.unknown}, nil
}

func (r *rewriter) rewrite(p *plan) {
	if r.in.fault != "" {
		return
	}
	switch p.op {
	case planCopy:
		start := r.in.pos
		if r.skip(p.skip, 0); r.in.fault == "" {
			r.out.buf = append(r.out.buf, r.in.buf[start:r.in.pos]...)
		}
	case planRecord:
		r.record(p)
	case planArray, planMap:
		r.list(p)
	case planFromUnion:
		if branch := r.in.readLong(""); branch < 0 || branch >= int64(len(p.branches)) {
			r.in.broken("", "a union has no such branch")
		} else {
			r.rewrite(p.branches[branch])
		}
	case planToUnion:
		r.out.writeLong(p.branch)
		r.rewrite(p.item)
	case planDefault:
		r.out.buf = append(r.out.buf, p.fallback...)
	case planMalformed:
		if !r.malformed {
			r.malformed, r.wrong = true, p.name
		}
		r.skip(p.skip, 0)
		r.out.buf = append(r.out.buf, p.fallback...)
	case planMismatch:
		r.in.broken("", "a value has a type that our schema cannot hold")
	default:
		r.scalar(p)
	}
}

func (r *rewriter) scalar(p *plan) {
	switch p.op {
	case planSymbol:
		if i := r.in.readLong(""); i < 0 || i >= int64(len(p.symbols)) {
			r.in.broken("", "an enum has no such symbol")
		} else {
			r.out.writeString(p.symbols[i])
		}
	case planLongToDouble:
		r.out.writeDouble(float64(r.in.readLong("")))
	case planFloatToDouble:
		if len(r.in.buf)-r.in.pos < 4 {
			r.in.broken("", "the record ends inside a number")
			return
		}
		bits := binary.LittleEndian.Uint32(r.in.buf[r.in.pos:])
		r.in.pos += 4
		r.out.writeDouble(float64(math.Float32frombits(bits)))
	case planMicros:
		r.out.writeLong(r.in.readLong("") / 1000)
	}
}

// record finds where each of the writer's fields begins, then rewrites ours in
// our order.
func (r *rewriter) record(p *plan) {
	starts := make([]int, len(p.writer))
	for i, s := range p.writer {
		starts[i] = r.in.pos
		r.skip(s, 0)
	}
	end := r.in.pos
	r.findUnknown(p, starts, end)
	for _, f := range p.fields {
		if r.in.fault != "" {
			return
		}
		if f.from < 0 {
			r.out.buf = append(r.out.buf, f.fallback...)
			continue
		}
		r.in.pos = starts[f.from]
		r.rewrite(f.plan)
	}
	if r.in.fault == "" {
		r.in.pos = end
	}
}

// findUnknown remembers the first field of consent that our schema does not have,
// where its value is neither null nor its default.
func (r *rewriter) findUnknown(p *plan, starts []int, end int) {
	if r.in.fault != "" || r.unknown != "" {
		return
	}
	for _, u := range p.unknown {
		to := end
		if u.from+1 < len(starts) {
			to = starts[u.from+1]
		}
		value := r.in.buf[starts[u.from]:to]
		silent := slices.ContainsFunc(u.silent, func(encoded []byte) bool { return bytes.Equal(encoded, value) })
		if !silent {
			r.unknown = u.name
			return
		}
	}
}

// list rewrites entries in blocks of one: their number is known only block by
// block.
func (r *rewriter) list(p *plan) {
	for {
		n := r.in.blockCount("")
		if n == 0 || !r.spend(n) {
			break
		}
		r.out.writeLong(n)
		for range n {
			if p.op == planMap {
				r.out.writeBytes(r.in.readBytes(""))
			}
			r.rewrite(p.item)
		}
	}
	r.out.writeLong(0)
}

func (r *rewriter) spend(n int64) bool {
	if n > int64(r.budget) {
		r.in.broken("", "a list has more entries than the record has room for")
		return false
	}
	r.budget -= int(n)
	return true
}

// skip passes one value of the writer's.
func (r *rewriter) skip(s avro.Schema, depth int) {
	if r.in.fault != "" {
		return
	}
	if depth > maxDepth {
		r.in.broken("", "the record nests too deeply")
		return
	}
	switch s := deref(s).(type) {
	case *avro.RecordSchema:
		for _, f := range s.Fields() {
			r.skip(f.Type(), depth+1)
		}
	case *avro.ArraySchema:
		r.skipList(s.Items(), false, depth)
	case *avro.MapSchema:
		r.skipList(s.Values(), true, depth)
	case *avro.UnionSchema:
		branch := r.in.readLong("")
		if branch < 0 || branch >= int64(len(s.Types())) {
			r.in.broken("", "a union has no such branch")
			return
		}
		r.skip(s.Types()[branch], depth+1)
	case *avro.FixedSchema:
		r.advance(s.Size())
	case *avro.EnumSchema:
		r.in.readLong("")
	case *avro.PrimitiveSchema:
		r.skipPrimitive(s.Type())
	}
}

func (r *rewriter) skipPrimitive(t avro.Type) {
	switch t {
	case avro.Boolean:
		r.advance(1)
	case avro.Int, avro.Long:
		r.in.readLong("")
	case avro.Float:
		r.advance(4)
	case avro.Double:
		r.advance(8)
	case avro.String, avro.Bytes:
		r.in.readBytes("")
	}
}

func (r *rewriter) advance(n int) {
	if n > len(r.in.buf)-r.in.pos {
		r.in.broken("", "the record ends early")
		return
	}
	r.in.pos += n
}

func (r *rewriter) skipList(item avro.Schema, keyed bool, depth int) {
	for {
		n := r.in.blockCount("")
		if n == 0 || !r.spend(n) {
			return
		}
		for range n {
			if keyed {
				r.in.readBytes("")
			}
			if r.skip(item, depth+1); r.in.fault != "" {
				return
			}
		}
	}
}
