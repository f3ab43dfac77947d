package table

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// shards bounds what one write locks and what one growth copies.
const shards = 256

// consentKey is the first half of the SHA-256 of a record key. The key itself
// is not kept: it is personal, and it is longer. 128 bits do not collide.
type consentKey [16]byte

// ConsentTable holds the interpreted record of every subject, in 32 bytes of
// slot: what many subjects share (all but the two times) is kept once as a
// profile. It is a Sink; reading is safe from any goroutine, and what was
// applied is visible at once.
//
// A record that cannot be decoded counts as malformed, which denies. Keeping
// the last good one, as for resources, could keep a grant that was revoked.
type ConsentTable struct {
	decode   func(ctx context.Context, value []byte, dst *consent.Record) error
	profiles profiles
	shards   [shards]consentShard
	epoch    atomic.Int64 // grows with every Reset
}

// NewConsentTable makes a ConsentTable. decode reads one value; its strings
// may alias it.
func NewConsentTable(decode func(ctx context.Context, value []byte, dst *consent.Record) error) *ConsentTable {
	return &ConsentTable{decode: decode, profiles: profiles{ids: map[consent.Statement]uint32{}}}
}

// Reset implements Sink. The epoch changes first: a view that was handed out
// before must not take the emptied table for "nobody said anything".
func (t *ConsentTable) Reset() {
	t.epoch.Add(1)
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		s.slots, s.used = nil, 0
		s.mu.Unlock()
	}
}

// Publish implements Sink.
func (t *ConsentTable) Publish() {}

// Apply implements Sink. A nil value is a tombstone; the last record of a
// subject replaces all earlier ones, but for an erasure (consent.After).
func (t *ConsentTable) Apply(ctx context.Context, r *kgo.Record) error {
	key := hashConsentKey(r.Key)
	shard := &t.shards[key[0]]
	if r.Value == nil {
		shard.mu.Lock()
		defer shard.mu.Unlock()
		shard.remove(key)
		return nil
	}
	var record consent.Record
	stored := r.Timestamp.UnixMilli()
	err := t.decode(ctx, r.Value, &record)
	if err != nil {
		if !isBad(err) {
			return err // not the record's fault: it comes again
		}
		record = consent.Record{Input: consent.Input{Malformed: true}, UpdatedAt: stored}
		err = fmt.Errorf("decoding consent record, which now denies: %w", err)
	}
	record.Offset = r.Offset
	next := consent.NormaliseRecord(record, stored)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if before, ok := shard.get(key); ok {
		next = consent.After(t.profiles.unpack(before), next)
	}
	shard.put(key, t.profiles.pack(next))
	return err
}

// Get gives the statement of a subject's record.
func (t *ConsentTable) Get(customer string, subject identity.Raw) (consent.Statement, bool) {
	var buf [256]byte
	return t.get(appendKey(buf[:0], customer, subject))
}

// appendKey appends the record key of a subject.
func appendKey(b []byte, customer string, subject identity.Raw) []byte {
	b = append(append(b, customer...), ':')
	return append(b, subject.Reveal()...)
}

func (t *ConsentTable) get(recordKey []byte) (consent.Statement, bool) {
	key := hashConsentKey(recordKey)
	shard := &t.shards[key[0]]
	shard.mu.RLock()
	packed, ok := shard.get(key)
	shard.mu.RUnlock()
	if !ok {
		return consent.Statement{}, false
	}
	return t.profiles.unpack(packed), true
}

// Size gives the number of subjects and the bytes that the table occupies.
func (t *ConsentTable) Size() (entries int, bytes int64) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.RLock()
		entries += s.used
		bytes += int64(len(s.slots)) * 32
		s.mu.RUnlock()
	}
	return entries, bytes
}

// Checksum is a sum over keys and statements that does not depend on order or
// on the process: equal to that of any other fold of the same topic.
func (t *ConsentTable) Checksum() uint64 {
	var sum uint64
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.RLock()
		for _, sl := range s.slots {
			if sl.b != 0 {
				text := fmt.Sprintf("%x %+v", sl.key, t.profiles.unpack(sl.packed))
				h := sha256.Sum256([]byte(text))
				sum += binary.BigEndian.Uint64(h[:8])
			}
		}
		s.mu.RUnlock()
	}
	return sum
}

func hashConsentKey(key []byte) consentKey {
	sum := sha256.Sum256(key)
	return consentKey(sum[:16])
}

// packed is a statement in 16 bytes: time and profile, offset and profile. b
// is never zero for a statement: offsets are stored from one.
type packed struct{ a, b uint64 }

// profiles keeps each combination of everything but the time of the record once.
// Real traffic has a few hundred, and as many more for each day on which TC strings
// were given.
type profiles struct {
	mu   sync.RWMutex
	ids  map[consent.Statement]uint32
	list []consent.Statement
}

const mask48 = 1<<48 - 1

func (p *profiles) pack(s consent.Statement) packed {
	at, offset := uint64(max(s.At, 0))&mask48, uint64(s.Offset+1)&mask48
	s.At, s.Offset = 0, 0
	// A day is what strings hold since 2021. Rounding down lets a grant age a few
	// hours early, and keeps the number of profiles bounded.
	s.StringAt, s.CanadaAt = startOfDay(s.StringAt), startOfDay(s.CanadaAt)
	p.mu.RLock()
	if len(p.list) > manyProfiles {
		// Names of unknown members come from outside. What they would say beyond
		// this number is not worth the memory.
		s.Fault = ""
	}
	id, ok := p.ids[s]
	p.mu.RUnlock()
	if !ok {
		p.mu.Lock()
		if id, ok = p.ids[s]; !ok {
			id = uint32(len(p.list))
			p.ids[s] = id
			p.list = append(p.list, s)
		}
		p.mu.Unlock()
	}
	return packed{a: at | uint64(id&0xffff)<<48, b: offset | uint64(id>>16)<<48}
}

// manyProfiles is the number of profiles above which faults are kept without words.
const manyProfiles = 20_000

// startOfDay rounds a time down to its day, UTC. What is none stays none, and what
// is one stays one.
func startOfDay(ms int64) int64 {
	const day = 24 * 3600_000
	if ms <= 0 {
		return 0
	}
	return max(1, ms-ms%day)
}

func (p *profiles) unpack(k packed) consent.Statement {
	id := uint32(k.a>>48) | uint32(k.b>>48)<<16
	p.mu.RLock()
	s := p.list[id]
	p.mu.RUnlock()
	s.At, s.Offset = int64(k.a&mask48), int64(k.b&mask48)-1
	return s
}

// consentShard is an open-addressing table without pointers: the collector
// never walks it.
type consentShard struct {
	mu    sync.RWMutex
	slots []slot
	used  int
}

type slot struct {
	key consentKey
	packed
}

// home is where a key's probe begins. The first byte has chosen the shard, so
// the last eight are used; the multiplication maps them evenly on any length.
func (s *consentShard) home(key consentKey) int {
	h := binary.BigEndian.Uint32(key[12:])
	return int(uint64(h) * uint64(len(s.slots)) >> 32)
}

func (s *consentShard) get(key consentKey) (packed, bool) {
	if s.used == 0 {
		return packed{}, false
	}
	for i := s.home(key); ; i = s.next(i) {
		if s.slots[i].b == 0 {
			return packed{}, false
		}
		if s.slots[i].key == key {
			return s.slots[i].packed, true
		}
	}
}

func (s *consentShard) next(i int) int {
	if i++; i == len(s.slots) {
		return 0
	}
	return i
}

func (s *consentShard) put(key consentKey, value packed) {
	if s.used+1 > len(s.slots)*17/20 { // above 85 % probes grow long
		s.grow()
	}
	for i := s.home(key); ; i = s.next(i) {
		switch {
		case s.slots[i].b == 0:
			s.slots[i] = slot{key, value}
			s.used++
			return
		case s.slots[i].key == key:
			s.slots[i].packed = value
			return
		}
	}
}

// grow by a third: doubling would leave the table half empty on average.
func (s *consentShard) grow() {
	old := s.slots
	s.slots = make([]slot, max(16, len(old)*4/3))
	s.used = 0
	for i := range old {
		if old[i].b != 0 {
			s.put(old[i].key, old[i].packed)
		}
	}
}

// remove closes the gap by moving back what had probed past it.
func (s *consentShard) remove(key consentKey) {
	if s.used == 0 {
		return
	}
	i := s.home(key)
	for s.slots[i].key != key || s.slots[i].b == 0 {
		if s.slots[i].b == 0 {
			return
		}
		i = s.next(i)
	}
	s.used--
	n := len(s.slots)
	for j := s.next(i); s.slots[j].b != 0; j = s.next(j) {
		// What stands at j may fill i unless its home lies behind i.
		if distance := (j - s.home(s.slots[j].key) + n) % n; distance >= (j-i+n)%n {
			s.slots[i] = s.slots[j]
			i = j
		}
	}
	s.slots[i] = slot{}
}
