package identity

import "encoding/binary"

// AppendHex appends b in lower-case hex, four bytes at a time: the digits of
// every digest that leaves.
func AppendHex(dst, b []byte) []byte {
	for ; len(b) >= 4; b = b[4:] {
		dst = binary.LittleEndian.AppendUint64(dst, hexOf(binary.LittleEndian.Uint32(b)))
	}
	const digits = "0123456789abcdef"
	for _, c := range b {
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}

// hexOf gives the eight digits of four bytes, first byte and first digit lowest.
// Each byte moves into 16 bits of its own, each half byte into 8; what is above
// nine gets the distance from '9'+1 to 'a' added.
func hexOf(four uint32) uint64 {
	const each, nine = 0x0101010101010101, 0x0f0f0f0f0f0f0f0f
	x := uint64(four)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x>>4 | x<<8) & nine
	letters := (x + 6*each) >> 4 & each
	return x + '0'*each + letters*('a'-'9'-1)
}
