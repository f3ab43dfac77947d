package consent

import "strings"

// gpcBits is the size of the GPC sub-section: two bits of type, one of signal.
const gpcBits = 3

// base64url is the alphabet of all IAB strings: one character is six bits.
const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// maxHeader bounds the GPP header, in characters. All known sections named one
// by one take about half of it.
const maxHeader = 64

// fits tells whether a segment has the given number of bits and then only
// padding: zeros, up to the 24 bits that encoders round up to.
func fits(segment string, bits int) bool {
	if !isBase64URL(segment) {
		return false
	}
	r := bitReader{s: segment}
	if r.left() < bits || r.left() >= bits+24+6 {
		return false
	}
	r.at = bits
	for r.left() > 0 {
		if r.bit() != 0 {
			return false
		}
	}
	return true
}

// readGPPHeader reads the ids of the sections in the order in which they
// follow. go-gpp's own header reader is not used: a crafted header makes it
// recurse for hours (a Fibonacci number without memory) or list section 65535
// for ever, and that text comes from a browser.
func readGPPHeader(s string) ([]uint16, bool) {
	if len(s) > maxHeader || !isBase64URL(s) {
		return nil, false
	}
	r := bitReader{s: s}
	if r.uint(6) != 3 || r.uint(6) != 1 { // type GPP header, version 1
		return nil, false
	}
	entries := r.uint(12)
	ids := make([]uint16, 0, 8)
	last := 0
	for range entries {
		isRange := r.bit() == 1
		first := last + r.fibonacci()
		last = first
		if isRange {
			last += r.fibonacci()
		}
		if r.failed || last > maxID || len(ids)+last-first >= maxSections {
			return nil, false
		}
		for id := first; id <= last; id++ {
			ids = append(ids, uint16(id))
		}
	}
	return ids, !r.failed && len(ids) > 0
}

// bitReader reads bits from base64url text that was checked with isBase64URL.
// Reading past the end gives zeros and sets failed.
type bitReader struct {
	s      string
	at     int // next bit
	failed bool
}

func (r *bitReader) left() int { return 6*len(r.s) - r.at }

func (r *bitReader) bit() int {
	if r.left() <= 0 {
		r.failed = true
		return 0
	}
	six := strings.IndexByte(base64url, r.s[r.at/6])
	bit := six >> (5 - r.at%6) & 1
	r.at++
	return bit
}

func (r *bitReader) uint(bits int) int {
	n := 0
	for range bits {
		n = n<<1 | r.bit()
	}
	return n
}

// maxID bounds a section id, maxSections their number: many times what exists.
const (
	maxID       = 4096
	maxSections = 64
)

// fibonacci reads one Fibonacci-coded number: the bits stand for 1, 2, 3, 5, 8
// and so on, and two ones in a row end it.
func (r *bitReader) fibonacci() int {
	sum, weight, next, previous := 0, 1, 2, 0
	for sum <= maxID && !r.failed {
		bit := r.bit()
		if bit == 1 && previous == 1 {
			return sum
		}
		if weight <= maxID {
			sum += bit * weight
			weight, next = next, weight+next
		} else if bit == 1 {
			break
		}
		previous = bit
	}
	r.failed = true
	return 0
}
