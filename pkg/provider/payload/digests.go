package payload

import (
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// MaxDigests is how many values of one identifier leave: more are no person's.
const MaxDigests = 10

// Digests are the values of one identifier, sorted and without repeats, so that
// the same event always has the same bytes. The zero value is empty.
type Digests struct {
	list [MaxDigests + 1]identity.Hashed // and room for one that may not fit
	n    int
}

// Reset empties the list without clearing it: a provider's identifiers follow
// each other, and clearing room for ten costs as much as hashing one.
func (d *Digests) Reset() { d.n = 0 }

// Len is how many there are.
func (d *Digests) Len() int { return d.n }

// Next is where the next one is made, before Take takes it in. It may hold what
// was there before.
func (d *Digests) Next() *identity.Hashed { return &d.list[d.n] }

// Take takes in what was made at Next; false where there are most already, of
// MaxDigests at most. A repeat counts as in.
func (d *Digests) Take(most int) bool {
	h, at := &d.list[d.n], 0
	for at < d.n && d.list[at].Compare(h) < 0 && !d.list[at].SameDigest(h) {
		at++
	}
	if at < d.n && d.list[at].SameDigest(h) {
		return true
	}
	if d.n >= min(most, MaxDigests) {
		return false
	}
	if at < d.n {
		taken := *h
		copy(d.list[at+1:d.n+1], d.list[at:d.n])
		d.list[at] = taken
	}
	d.n++
	return true
}

// All are those that were taken in, in order; valid until the next change.
func (d *Digests) All() []identity.Hashed { return d.list[:d.n] }

// Append appends them as an array.
func (d *Digests) Append(dst []byte) []byte {
	dst = append(dst, '[')
	for i := range d.n {
		dst = jsonappend.Hex(jsonappend.Comma(dst), &d.list[i])
	}
	return append(dst, ']')
}
