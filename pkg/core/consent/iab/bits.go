package iab

// notLetter marks a byte that is no letter of base64url.
const notLetter = 0xff

// sextets gives the six bits of every letter of the alphabet of all IAB strings
// (base64url without padding), and notLetter for every other byte.
var sextets = func() (table [256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range table {
		table[i] = notLetter
	}
	for i := range len(alphabet) {
		table[alphabet[i]] = byte(i)
	}
	return table
}()

// isText tells whether s is base64url text of at least one letter.
func isText(s string) bool {
	for i := range len(s) {
		if sextets[s[i]] == notLetter {
			return false
		}
	}
	return s != ""
}

// bits reads numbers from base64url text that isText has accepted. One letter is
// six bits, the most significant first; nothing is decoded to bytes. Reading
// past the end gives zeros and sets short.
type bits struct {
	s     string
	at    int // next bit
	short bool
}

func (b *bits) left() int { return 6*len(b.s) - b.at }

// uint reads an unsigned number of up to 57 bits.
func (b *bits) uint(n int) uint64 {
	if n > b.left() {
		b.short, b.at = true, 6*len(b.s)
		return 0
	}
	var v uint64
	for n > 0 {
		inLetter := 6 - b.at%6
		take := min(n, inLetter)
		six := uint64(sextets[b.s[b.at/6]])
		v = v<<take | six>>(inLetter-take)&(1<<take-1)
		b.at += take
		n -= take
	}
	return v
}

func (b *bits) bool() bool { return b.uint(1) == 1 }

func (b *bits) skip(n int) {
	if n > b.left() {
		b.short, b.at = true, 6*len(b.s)
		return
	}
	b.at += n
}

// zerosFollow tells whether nothing but padding follows. Encoders round up to 6,
// 8, 16 or 24 bits, so the number of zeros says nothing.
func (b *bits) zerosFollow() bool {
	for b.left() > 0 {
		if b.uint(min(48, b.left())) != 0 {
			return false
		}
	}
	return true
}

// maxID bounds an id that is written as a Fibonacci number: far above every
// section and vendor that exists.
const maxID = 1 << 16

// fibonacci reads one Fibonacci-coded number: the bits stand for 1, 2, 3, 5, 8
// and so on, and two ones in a row end it. Zero cannot be written. A number
// that does not end in time reads as zero and sets short.
func (b *bits) fibonacci() int {
	sum, weight, next := 0, 1, 2
	for previous := false; sum <= maxID && weight <= 2*maxID && !b.short; {
		bit := b.bool()
		if bit && previous {
			return sum
		}
		if bit {
			sum += weight
		}
		weight, next = next, weight+next
		previous = bit
	}
	b.short = true
	return 0
}

// idRanges walks a Range(Fibonacci): a count, then entries that are one id or a
// group from first to last, each written as the distance from the id before. It
// calls visit for each, and tells whether all was in order.
func (b *bits) idRanges(visit func(first, last int) bool) bool {
	last := 0
	for range b.uint(12) {
		isGroup := b.bool()
		first := last + b.fibonacci()
		last = first
		if isGroup {
			last += b.fibonacci()
		}
		if b.short || last > maxID || !visit(first, last) {
			return false
		}
	}
	return !b.short
}
