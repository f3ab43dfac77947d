package identity

import (
	"crypto/sha256"
	"encoding/binary"
)

// Pseudonym hashes subjects for diagnostics with an installation's key, so
// that decisions about one subject can be joined by those who hold the key and
// by nobody else. Destroying the key unlinks every diagnostic ever written.
type Pseudonym struct {
	keyID string
	keyed bool
	// inner and outer are the key as HMAC (RFC 2104) mixes it in, and inside and
	// outside SHA-256 behind those blocks, so that a hash costs no object and
	// half the work; every decision has one.
	inner, outer    [sha256.BlockSize]byte
	inside, outside midstate
}

// NewPseudonym takes the privacy key and the id under which diagnostics name
// it. An empty key is allowed only where no diagnostics leave the process: its
// hashes are then empty.
func NewPseudonym(keyID string, key []byte) Pseudonym {
	p := Pseudonym{keyID: keyID, keyed: len(key) > 0}
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	for i := range p.inner {
		var k byte
		if i < len(key) {
			k = key[i]
		}
		p.inner[i], p.outer[i] = k^0x36, k^0x5c
	}
	p.inside, p.outside = midstateAfter(&p.inner), midstateAfter(&p.outer)
	return p
}

// KeyID names the key in each diagnostic.
func (p *Pseudonym) KeyID() string { return p.keyID }

// Subject returns 32 hex digits of an HMAC-SHA256 over the length-prefixed
// customer and subject, so that one person has different hashes at different
// customers. An absent subject gives "".
func (p *Pseudonym) Subject(customer string, subject Raw) string {
	if subject.IsZero() || !p.keyed {
		return ""
	}
	return p.sum(customer, subject.v)
}

// ID hides an event or transaction id that looks like personal data.
func (p *Pseudonym) ID(id string) string {
	if id == "" {
		return ""
	}
	return "hashed:" + p.sum("id", id)
}

// sum is HMAC-SHA256 over two length-prefixed parts, the first half in hex. An
// empty key is a key like any other here, as it is for crypto/hmac.
func (p *Pseudonym) sum(first, second string) string {
	var stack [512]byte
	b := append(stack[:0], p.inner[:]...)
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(first))), first...)
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(second))), second...)
	var sum [sha256.Size]byte
	if !padsHere || !p.short(&sum, b[sha256.BlockSize:]) {
		message := sha256.Sum256(b)
		sum = sha256.Sum256(append(append(stack[:0], p.outer[:]...), message[:]...))
	}
	var text [sha256.Size]byte
	return string(AppendHex(text[:0], sum[:sha256.Size/2]))
}

// short is the same for a short message, from where the key's blocks lead to.
func (p *Pseudonym) short(sum *[sha256.Size]byte, message []byte) bool {
	return len(message) <= padRoom-padLeast &&
		sumFrom(sum, &p.inside, sha256.BlockSize, message) && sumFrom(sum, &p.outside, sha256.BlockSize, sum[:])
}
