package identity

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
)

// midstate is SHA-256 in the middle, as the standard library marshals it: four
// bytes that name the algorithm, the eight words of the state, what does not
// fill a block yet, and the length.
type midstate [4 + sha256.Size + sha256.BlockSize + 8]byte

// The room for a message that is padded here: three blocks, of which padding
// takes at least nine bytes. What is hashed for an event is nearly always shorter.
const (
	padRoom  = 3 * sha256.BlockSize
	padLeast = 9
)

// Sum256 is [sha256.Sum256], in three quarters of the time for a short message.
// It pads the message itself: the state behind the last padded block is the
// digest, so nothing is copied, padded and written a second time.
func Sum256(message []byte) [sha256.Size]byte {
	var sum [sha256.Size]byte
	setSum(&sum, message)
	return sum
}

func setSum(sum *[sha256.Size]byte, message []byte) {
	if !padsHere || len(message) > padRoom-padLeast || !sumFrom(sum, nil, 0, message) {
		*sum = sha256.Sum256(message)
	}
}

// readable reports whether what the library marshalled has the form of m.
func (m *midstate) readable(state []byte, err error) bool { return err == nil && len(state) == len(m) }

// midstateAfter is the state behind one whole block; zero, which nothing goes on
// from, where the library marshals in another form.
func midstateAfter(block *[sha256.BlockSize]byte) midstate {
	h := sha256.New()
	h.Write(block[:])
	var m midstate
	if out, can := h.(encoding.BinaryAppender); !can || !m.readable(out.AppendBinary(m[:0])) {
		return midstate{}
	}
	return m
}

// sumFrom sets sum to the digest of the bytes before, which are whole blocks and
// led to from, and of message, which leaves room for the padding. Without from
// nothing stood before. False where the library marshals in another form than
// this file knows; its test would say so.
func sumFrom(sum *[sha256.Size]byte, from *midstate, before int, message []byte) bool {
	var room [padRoom]byte
	n := copy(room[:], message)
	end := (n + padLeast + sha256.BlockSize - 1) / sha256.BlockSize * sha256.BlockSize
	room[n] = 0x80
	binary.BigEndian.PutUint64(room[end-8:end], uint64(before+n)*8)

	h := sha256.New()
	if from != nil {
		if in, can := h.(encoding.BinaryUnmarshaler); !can || in.UnmarshalBinary(from[:]) != nil {
			return false
		}
	}
	h.Write(room[:end])
	var m midstate
	if out, can := h.(encoding.BinaryAppender); !can || !m.readable(out.AppendBinary(m[:0])) {
		return false
	}
	copy(sum[:], m[4:])
	return true
}
