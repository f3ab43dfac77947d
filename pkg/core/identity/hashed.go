package identity

import (
	"bytes"
	"crypto/sha256"
)

// maxMark is the longest mark that may follow a digest: Meta's reference
// library appends two or eight characters.
const maxMark = 8

// Hashed is a digest of a normalised personal value, never the value itself.
// The zero Hashed is absent. Values are comparable and need no memory of their
// own, so that a hot path can sort and compare them on its stack.
type Hashed struct {
	sum  [sha256.Size]byte
	mark [maxMark]byte
	size uint8 // bytes of sum in use: 0 or 32
	tail uint8 // bytes of mark in use
}

// Hash returns the SHA-256 digest of normalised, which must be the result of a
// provider's normaliser. Nothing is not hashed: the digest of an empty value
// would look like an identifier that everybody shares.
func Hash(normalised []byte) Hashed {
	var h Hashed
	h.Set(normalised)
	return h
}

// Set makes h what Hash returns, in place: copying a digest that was written a
// moment ago costs a quarter of making it.
func (h *Hashed) Set(normalised []byte) {
	if len(normalised) == 0 {
		*h = Hashed{}
		return
	}
	if pair, ok := twoLetters(normalised); ok {
		h.sum = sumsOfTwo[pair]
	} else {
		setSum(&h.sum, normalised)
	}
	h.size, h.tail = sha256.Size, 0
	h.mark = [maxMark]byte{}
}

// sumsOfTwo are the digests of two small letters: of every code of a country and
// a state, one of which nearly every event has.
var sumsOfTwo = func() (sums [26 * 26][sha256.Size]byte) {
	for pair := range sums {
		sums[pair] = sha256.Sum256([]byte{'a' + byte(pair/26), 'a' + byte(pair%26)})
	}
	return sums
}()

func twoLetters(b []byte) (pair int, ok bool) {
	if len(b) != 2 || b[0] < 'a' || b[0] > 'z' || b[1] < 'a' || b[1] > 'z' {
		return 0, false
	}
	return int(b[0]-'a')*26 + int(b[1]-'a'), true
}

// ParseHashed recognises a value that was hashed before it came to us: exactly
// 64 hex digits of either case. Surrounding space is the caller's to trim.
func ParseHashed(s string) (Hashed, bool) {
	if len(s) != 2*sha256.Size {
		return Hashed{}, false
	}
	h := Hashed{size: sha256.Size}
	for i := range sha256.Size {
		hi, lo := hexDigit(s[2*i]), hexDigit(s[2*i+1])
		if hi > 15 || lo > 15 {
			return Hashed{}, false
		}
		h.sum[i] = hi<<4 | lo
	}
	return h, true
}

// hexDigit gives the digit's value, and more than 15 for any other byte.
func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	default:
		return 255
	}
}

// WithMark returns h followed by a mark, kept byte for byte; false where the
// mark is longer than any that exists.
func (h *Hashed) WithMark(mark string) (Hashed, bool) {
	if len(mark) > maxMark {
		return Hashed{}, false
	}
	marked := *h
	marked.mark = [maxMark]byte{}
	marked.tail = uint8(copy(marked.mark[:], mark))
	return marked, true
}

// IsZero reports whether there is no digest.
func (h *Hashed) IsZero() bool { return h.size == 0 }

// OfNothing reports whether h is the SHA-256 digest of the empty string, which
// somebody else hashed: it matches nobody.
func (h *Hashed) OfNothing() bool {
	return h.size == sha256.Size && h.sum == sumOfNothing
}

var sumOfNothing = sha256.Sum256(nil)

// Compare orders digests by their hex form, then by their mark.
func (h *Hashed) Compare(o *Hashed) int {
	if c := bytes.Compare(h.sum[:h.size], o.sum[:o.size]); c != 0 {
		return c
	}
	return bytes.Compare(h.mark[:h.tail], o.mark[:o.tail])
}

// SameDigest reports whether both are the same digest, whatever their marks.
func (h *Hashed) SameDigest(o *Hashed) bool { return h.size == o.size && h.sum == o.sum }

// AppendHex appends the lower-case hex form, and the mark after a dot.
func (h *Hashed) AppendHex(dst []byte) []byte {
	dst = AppendHex(dst, h.sum[:h.size])
	if h.tail > 0 {
		dst = append(dst, '.')
		dst = append(dst, h.mark[:h.tail]...)
	}
	return dst
}
