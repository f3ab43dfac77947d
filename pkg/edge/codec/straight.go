package codec

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// straight reads a record in our schema as long as nothing is unusual: no
// error, no overlong number, no list of more than one short block. Whatever is
// unusual sets bad, and the coder reads the whole record again: it says what is
// wrong, or that nothing is. So straight has no errors of its own, and may give
// up wherever that is simpler. It reads less than the coder accepts, never more
// (FuzzStraight).
//
// A read past the end sets bad and gives the zero value. bad does not stop the
// caller, except in lists; what is read afterwards is thrown away.
type straight struct {
	b   []byte
	p   int
	bad bool
	// checked: times and numbers have to be plausible (events).
	checked bool
}

// done tells whether the record was read, and nothing follows it.
func (r *straight) done() bool { return !r.bad && r.p == len(r.b) }

// skip passes over the byte where it is next.
func (r *straight) skip(want byte) bool {
	if r.p < len(r.b) && r.b[r.p] == want {
		r.p++
		return true
	}
	return false
}

// zeros passes over n absent fields at once, up to 8: one zero byte each.
func (r *straight) zeros(n int) bool {
	if len(r.b)-r.p < 8 || binary.LittleEndian.Uint64(r.b[r.p:])<<(64-8*n) != 0 {
		return false
	}
	r.p += n
	return true
}

func (r *straight) long() int64 {
	if r.p < len(r.b) && r.b[r.p] < 0x80 {
		b := int64(r.b[r.p])
		r.p++
		return b>>1 ^ -(b & 1)
	}
	return r.longer()
}

func (r *straight) longer() int64 {
	v, n := binary.Uvarint(r.b[r.p:])
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.p += n
	return int64(v>>1) ^ -int64(v&1)
}

// blob is bytes, which alias the input.
func (r *straight) blob() []byte {
	n := r.long()
	if r.bad || n < 0 || n > int64(len(r.b)-r.p) {
		r.bad = true
		return nil
	}
	b := r.b[r.p : r.p+int(n) : r.p+int(n)]
	r.p += int(n)
	return b
}

// str is a string that aliases the input.
func (r *straight) str() string {
	b := r.blob()
	rest := b
	for len(rest) >= 8 {
		if binary.LittleEndian.Uint64(rest)&0x8080808080808080 != 0 {
			return r.text(b)
		}
		rest = rest[8:]
	}
	var high byte
	for _, c := range rest {
		high |= c
	}
	if high >= 0x80 || len(b) > MaxFieldBytes {
		return r.text(b)
	}
	return alias(b)
}

// text is a string that is not ASCII, or too long.
func (r *straight) text(b []byte) string {
	if len(b) > MaxFieldBytes || !utf8.Valid(b) {
		r.bad = true
		return ""
	}
	return alias(b)
}

// there tells whether something follows in a union with null.
func (r *straight) there() bool {
	if r.p >= len(r.b) || r.b[r.p]&^2 != 0 {
		r.bad = true
		return false
	}
	r.p++
	return r.b[r.p-1] == 2
}

func (r *straight) optStr() string {
	if !r.there() {
		return ""
	}
	return r.str()
}

func (r *straight) raw() identity.Raw { return identity.NewRaw(r.optStr()) }

func (r *straight) rawStr() identity.Raw { return identity.NewRaw(r.str()) }

func (r *straight) given() consent.Field {
	if !r.there() {
		return consent.Field{}
	}
	return consent.Text(r.str())
}

// adStorage also holds the words for consent that could not be read.
func (r *straight) adStorage() consent.Field {
	f := r.given()
	if strings.HasPrefix(f.Value, wordStart) {
		r.bad = true
	}
	return f
}

func (r *straight) boolean() bool {
	if r.p >= len(r.b) || r.b[r.p] > 1 {
		r.bad = true
		return false
	}
	r.p++
	return r.b[r.p-1] == 1
}

func (r *straight) optBoolean() event.Opt[bool] {
	if !r.there() {
		return event.Opt[bool]{}
	}
	return event.Some(r.boolean())
}

func (r *straight) tri() consent.Tri {
	if !r.there() {
		return consent.Unset
	}
	return consent.TriOf(r.boolean())
}

func (r *straight) optLong() event.Opt[int64] {
	if !r.there() {
		return event.Opt[int64]{}
	}
	return event.Some(r.long())
}

func (r *straight) time() int64 {
	t := r.long()
	if r.checked && (t < minTime || t > maxTime) {
		r.bad = true
	}
	return t
}

func (r *straight) optTime() int64 {
	if !r.there() {
		return 0
	}
	return r.time()
}

func (r *straight) double() float64 {
	if len(r.b)-r.p < 8 {
		r.bad = true
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.b[r.p:]))
	r.p += 8
	if r.checked && (math.IsNaN(v) || math.IsInf(v, 0)) {
		r.bad = true
	}
	return v
}

func (r *straight) optDouble() event.Opt[float64] {
	if !r.there() {
		return event.Opt[float64]{}
	}
	return event.Some(r.double())
}

// key16 is nullable bytes, 16 of them.
func (r *straight) key16(p *[16]byte) {
	if !r.there() {
		return
	}
	if b := r.blob(); len(b) == len(p) {
		*p = [16]byte(b)
	} else {
		r.bad = true
	}
}

// list opens a list that is empty or one block of at most 63 entries: one byte
// says how many. more tells whether another entry follows.
func (r *straight) list() (left int) {
	if r.p >= len(r.b) || r.b[r.p] >= 0x80 || r.b[r.p]&1 != 0 {
		r.bad = true
		return 0
	}
	r.p++
	if n := int(r.b[r.p-1] >> 1); n > 0 {
		return n + 1 // the end is a byte of its own
	}
	return 0
}

func (r *straight) more(left *int) bool {
	if *left == 0 || r.bad {
		return false
	}
	*left--
	if *left > 0 {
		return true
	}
	r.bad = !r.skip(0)
	return false
}

func (r *straight) strs(p *[]string) {
	for left := r.list(); r.more(&left); {
		*p = append(*p, r.str())
	}
}

func (r *straight) raws(p *[]identity.Raw) {
	for left := r.list(); r.more(&left); {
		*p = append(*p, r.rawStr())
	}
}

func (r *straight) namedRaws(p *[]event.NamedRaw) {
	for left := r.list(); r.more(&left); {
		*p = append(*p, event.NamedRaw{Name: r.str(), Value: r.rawStr()})
		if hasName(*p, (*p)[len(*p)-1].Name) {
			r.bad = true
		}
	}
}

func (r *straight) sections(p *consent.SectionIDs) {
	if !r.there() {
		return
	}
	for left := r.list(); r.more(&left); {
		p.Add(r.long())
	}
}

func (r *straight) properties(p *[]event.Property) {
	for left := r.list(); r.more(&left); {
		*p = append(*p, event.Property{})
		last := &(*p)[len(*p)-1]
		last.Key = r.str()
		r.property(&last.Value)
		if hasKey(*p, last.Key) {
			r.bad = true
		}
	}
}

func (r *straight) property(v *event.Value) {
	branch := r.long()
	if branch < 0 || branch >= int64(len(propertyKinds)) {
		r.bad = true
		return
	}
	v.Kind = propertyKinds[branch]
	switch v.Kind {
	case event.String:
		v.Str = r.str()
	case event.Double:
		v.Double = r.double()
	case event.Long:
		v.Long = r.long()
	case event.Boolean:
		v.Bool = r.boolean()
	case event.Null: // no branch
	}
}

func (r *straight) jurisdiction(j *consent.Jurisdiction) {
	j.Country, j.Region, _ = strings.Cut(r.optStr(), "-")
}

func (r *straight) purposes(said *consent.State) {
	for left := r.list(); r.more(&left); {
		name, answer := r.str(), r.str()
		p, err := parsePurpose(name)
		switch {
		case err == nil && answer == "granted":
			said.Granted |= p
		case err == nil && answer == "denied":
			said.Denied |= p
		default:
			r.bad = true
		}
	}
}

func (r *straight) kinds(p *[]decision.Kind) {
	for left := r.list(); r.more(&left); {
		*p = append(*p, r.kind())
	}
}

// kind is KindCount where a newer program has added it, as in kindField.
func (r *straight) kind() decision.Kind {
	known, ok := decision.ParseKind(r.str())
	if !ok {
		return decision.KindCount
	}
	return known
}

func readInteger[T ~int32 | ~uint8 | ~uint16 | ~uint32](r *straight, p *T) {
	v := r.long()
	*p = T(v)
	if int64(*p) != v {
		r.bad = true
	}
}

func readWord[T any](r *straight, p *T, parse func(string) (T, error)) {
	v, err := parse(r.str())
	if err != nil {
		r.bad = true
		return
	}
	*p = v
}

func readOptWord[T any](r *straight, p *T, parse func(string) (T, error)) {
	if r.there() {
		readWord(r, p, parse)
	}
}
