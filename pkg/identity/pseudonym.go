package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Pseudonym hashes subjects for diagnostics with an installation's key, so
// that decisions about one subject can be joined by those who hold the key and
// by nobody else. Destroying the key unlinks every diagnostic ever written.
type Pseudonym struct {
	keyID string
	key   []byte
}

// NewPseudonym takes the privacy key and the id under which diagnostics name
// it. An empty key is allowed only where no diagnostics leave the process: its
// hashes are then empty.
func NewPseudonym(keyID string, key []byte) Pseudonym {
	return Pseudonym{keyID: keyID, key: append([]byte(nil), key...)}
}

// KeyID names the key in each diagnostic.
func (p Pseudonym) KeyID() string { return p.keyID }

// Subject returns 32 hex digits of an HMAC-SHA256 over the length-prefixed
// customer and subject, so that one person has different hashes at different
// customers. An absent subject gives "".
func (p Pseudonym) Subject(customer string, subject Raw) string {
	if subject.IsZero() || len(p.key) == 0 {
		return ""
	}
	return p.sum(customer, subject.v)
}

// ID hides an event or transaction id that looks like personal data.
func (p Pseudonym) ID(id string) string {
	if id == "" {
		return ""
	}
	return "hashed:" + p.sum("id", id)
}

func (p Pseudonym) sum(parts ...string) string {
	mac := hmac.New(sha256.New, p.key)
	var n [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		mac.Write(n[:])
		mac.Write([]byte(part))
	}
	var sum [sha256.Size]byte
	return hex.EncodeToString(mac.Sum(sum[:0])[:16])
}
