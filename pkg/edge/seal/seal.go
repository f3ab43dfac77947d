// Package seal seals original records, so that an erasure reaches what is kept
// of them: the originals of the hold topic and of the router's dead letters.
//
// A letter whose subject is known is sealed with a key of its own. That key stands
// in a compacted topic under the subject's name, wrapped by an installation key
// that is never in Kafka; a tombstone destroys it, and the letter is noise from
// then on. A letter whose subject nobody could read is sealed to the installation.
//
// Everything is AES-256-GCM with random nonces, and HKDF-SHA-256 gives each letter
// and each wrapping a key of its own, so that no key ever seals many messages
// (NIST SP 800-38D, section 8.3: 2^32 for random nonces). There is no public key:
// whoever seals a held event also has to open it.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// MinKeyBytes is how long an installation key must be at least.
const MinKeyBytes = 32

// The sizes of what AES-256-GCM takes and adds.
const (
	keyBytes   = 32
	nonceBytes = 12
	tagBytes   = 16
	saltBytes  = 32
	// WrappedBytes is the size of a wrapped key: nonce, key, tag.
	WrappedBytes = nonceBytes + keyBytes + tagBytes
)

// The first byte of a sealed letter is its version, the second says what it is
// sealed to.
const (
	version        = 1
	toSubject      = 1
	toInstallation = 2
)

// KeyID names the key of one letter; random.
type KeyID [16]byte

// Keys are the wrapped keys of letters, as their topic has them now.
type Keys interface {
	SubjectKey(id KeyID) (Wrapped, bool)
}

// Wrapped is a letter's key as it stands in its topic.
type Wrapped struct {
	Installation string // id of the key that wraps it
	Bytes        [WrappedBytes]byte
}

// NoKeyError says which key is missing: it was destroyed, was lost, or is not
// configured.
type NoKeyError struct {
	// Installation is the id of the installation key that is not configured;
	// empty: the letter's own is not in its topic.
	Installation string
}

// Error says which.
func (e *NoKeyError) Error() string {
	if e.Installation != "" {
		return fmt.Sprintf("the installation key %q is not in erase.keys", e.Installation)
	}
	return "the letter's key is not in the topic of keys: it was destroyed or lost"
}

// ErrAltered says that a letter or its key was changed or moved, or that an
// installation key has another value than when it was sealed.
var ErrAltered = errors.New("the letter does not open: it was altered or moved, or the installation key of this id is another one")

// Config of a Ring.
type Config struct {
	// Prefix of the installation's topics: what is sealed in one does not open in
	// another.
	Prefix string
	// Keys by id; Current seals, and all of them open. Without Current nothing is
	// sealed: so every process can open before the first one seals.
	Keys    map[string]identity.Raw
	Current string
}

// Ring are the installation keys. It is immutable and safe for concurrent use.
type Ring struct {
	prefix  string
	current string
	keys    map[string][]byte // extracted: HKDF's pseudorandom keys
}

// New makes a Ring.
func New(cfg Config) (*Ring, error) {
	r := &Ring{prefix: cfg.Prefix, current: cfg.Current, keys: make(map[string][]byte, len(cfg.Keys))}
	for id, key := range cfg.Keys {
		if len(key.Reveal()) < MinKeyBytes {
			return nil, fmt.Errorf("reading installation key %q: it has %d bytes, want at least %d random ones", id, len(key.Reveal()), MinKeyBytes)
		}
		extracted, err := hkdf.Extract(sha256.New, []byte(key.Reveal()), []byte("sluice/installation/v1"))
		if err != nil {
			return nil, fmt.Errorf("reading installation key %q: %w", id, err)
		}
		r.keys[id] = extracted
	}
	if r.keys[r.current] == nil && r.current != "" {
		return nil, fmt.Errorf("reading installation keys: there is none with the id %q, which is to seal", r.current)
	}
	return r, nil
}

// Seals says whether there is a key that seals. A nil Ring has none.
func (r *Ring) Seals() bool { return r != nil && r.current != "" }

// Key is the new key of one letter: one record of the topic of keys.
type Key struct {
	// Record is the key of that record.
	Record []byte
	Wrapped
}

// RecordKey is the key under which a letter's key stands. subject is the record
// key of everything that Sluice writes for the subject, customer:subject.
func RecordKey(dst []byte, subject string, id KeyID) []byte {
	dst = append(append(dst, subject...), ':')
	return hex.AppendEncode(dst, id[:])
}

// ParseRecordKey takes RecordKey apart.
func ParseRecordKey(key []byte) (subject []byte, id KeyID, ok bool) {
	at := len(key) - 2*len(id) - 1
	if at < 0 || key[at] != ':' {
		return nil, id, false
	}
	_, err := hex.Decode(id[:], key[at+1:])
	return key[:at], id, err == nil
}

// ToSubject seals what is kept of the record at its source for a subject.
func (r *Ring) ToSubject(subject string, source event.Coordinates, plain []byte) (sealed []byte, key Key, err error) {
	var id KeyID
	secret := make([]byte, keyBytes)
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	_, _ = rand.Read(secret)
	key = Key{Record: RecordKey(nil, subject, id), Wrapped: Wrapped{Installation: r.current}}
	wrapping, err := r.derive(r.current, "subject-key", id[:])
	if err != nil {
		return nil, Key{}, err
	}
	copy(key.Bytes[:], wrapping.Seal(nil, nil, secret, r.bound("subject-key", nil, key.Record))) //nolint:gosec // it makes the nonce itself (gcm)
	own, err := gcm(secret)
	if err != nil {
		return nil, Key{}, err
	}
	head := append([]byte{version, toSubject}, id[:]...)
	return r.close(own, head, source, plain), key, nil
}

// ToInstallation seals what is kept of the record at its source where nobody
// knows whose it is.
func (r *Ring) ToInstallation(source event.Coordinates, plain []byte) ([]byte, error) {
	head := append([]byte{version, toInstallation, byte(len(r.current))}, r.current...)
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	own, err := r.derive(r.current, "letter", salt)
	if err != nil {
		return nil, err
	}
	return r.close(own, append(head, salt...), source, plain), nil
}

// Subject says under which key a letter stands that is sealed to a subject.
func Subject(sealed []byte) (id KeyID, ok bool) {
	if len(sealed) < 2+len(id) || sealed[0] != version || sealed[1] != toSubject {
		return id, false
	}
	return KeyID(sealed[2 : 2+len(id)]), true
}

// Open gives what was sealed, to a subject or to the installation. It fails with
// a *NoKeyError or with ErrAltered.
func (r *Ring) Open(sealed []byte, subject string, source event.Coordinates, keys Keys) ([]byte, error) {
	if id, ok := Subject(sealed); ok {
		own, err := r.subjectKey(id, subject, keys)
		if err != nil {
			return nil, err
		}
		return r.open(own, sealed, 2+len(id), source)
	}
	const fixed = 3
	if len(sealed) < fixed || sealed[0] != version || sealed[1] != toInstallation {
		return nil, ErrAltered
	}
	end := fixed + int(sealed[2])
	if len(sealed) < end+saltBytes {
		return nil, ErrAltered
	}
	own, err := r.derive(string(sealed[fixed:end]), "letter", sealed[end:end+saltBytes])
	if err != nil {
		return nil, err
	}
	return r.open(own, sealed, end+saltBytes, source)
}

func (r *Ring) subjectKey(id KeyID, subject string, keys Keys) (cipher.AEAD, error) {
	wrapped, ok := keys.SubjectKey(id)
	if !ok {
		return nil, &NoKeyError{}
	}
	wrapping, err := r.derive(wrapped.Installation, "subject-key", id[:])
	if err != nil {
		return nil, err
	}
	secret, err := wrapping.Open(nil, nil, wrapped.Bytes[:], r.bound("subject-key", nil, RecordKey(nil, subject, id)))
	if err != nil {
		return nil, ErrAltered
	}
	return gcm(secret)
}

// close appends the sealed text to the letter's head, which is bound to it as
// the source is.
func (r *Ring) close(own cipher.AEAD, head []byte, source event.Coordinates, plain []byte) []byte {
	sealed := bytes.Clone(head)
	return own.Seal(sealed, nil, plain, r.bound("letter", &source, head)) //nolint:gosec // it makes the nonce itself (gcm)
}

func (r *Ring) open(own cipher.AEAD, sealed []byte, head int, source event.Coordinates) ([]byte, error) {
	plain, err := own.Open(nil, nil, sealed[head:], r.bound("letter", &source, sealed[:head]))
	if err != nil {
		return nil, ErrAltered
	}
	return plain, nil
}

// derive gives the key for one purpose and one random name.
func (r *Ring) derive(installation, purpose string, name []byte) (cipher.AEAD, error) {
	extracted, ok := r.keys[installation]
	if !ok {
		return nil, &NoKeyError{Installation: installation}
	}
	key, err := hkdf.Expand(sha256.New, extracted, "sluice/"+purpose+"/v1\x00"+string(name), keyBytes)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	return gcm(key)
}

// gcm is AES-256-GCM that puts a random nonce before what it seals.
func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making a cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// bound is the additional data: what is sealed for one place opens in no other.
// Every part but the last has its length before it.
func (r *Ring) bound(purpose string, source *event.Coordinates, last []byte) []byte {
	var b []byte
	part := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	part("sluice/" + purpose + "/v1")
	part(r.prefix)
	if source != nil {
		part(source.Topic)
		b = append(b, source.TopicID[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(source.Partition))
		b = binary.BigEndian.AppendUint64(b, uint64(source.Offset))
	}
	return append(b, last...)
}

// SubjectOf takes the subject out of a record key, customer:subject.
func SubjectOf(recordKey []byte, customer string) (identity.Raw, bool) {
	rest, ok := strings.CutPrefix(string(recordKey), customer+":")
	return identity.NewRaw(rest), ok && rest != ""
}
