package payload

import (
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// MaxDigests is how many values of one identifier leave: more are no person's.
const MaxDigests = 10

// Digests are the values of one identifier, sorted and without repeats, so that
// the same event always has the same bytes. The zero value is empty.
type Digests struct {
	list [MaxDigests]identity.Hashed
	n    int
}

// Reset empties the list without clearing it: a provider's identifiers follow
// each other, and clearing room for ten costs as much as hashing one.
func (d *Digests) Reset() { d.n = 0 }

// Len is how many there are.
func (d *Digests) Len() int { return d.n }

// Insert adds one; false where there is no room. A repeat counts as in.
func (d *Digests) Insert(h identity.Hashed) bool {
	at := 0
	for at < d.n && d.list[at].Compare(h) < 0 && !d.list[at].SameDigest(h) {
		at++
	}
	if at < d.n && d.list[at].SameDigest(h) {
		return true
	}
	if d.n == len(d.list) {
		return false
	}
	copy(d.list[at+1:d.n+1], d.list[at:d.n])
	d.list[at] = h
	d.n++
	return true
}

// Append appends them as an array.
func (d *Digests) Append(dst []byte) []byte {
	dst = append(dst, '[')
	for i := range d.n {
		dst = jsonappend.Hex(jsonappend.Comma(dst), d.list[i])
	}
	return append(dst, ']')
}
