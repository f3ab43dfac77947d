package table

import (
	"fmt"
	"hash/crc32"
	"hash/fnv"
)

// PlacementError says that the consent topic cannot be read by partition: its
// keys do not stand where ours would. Looking for a subject's record in the
// wrong partition would find nobody's word, and send.
type PlacementError struct {
	Topic     string
	Partition int32
	// Misplaced of Keys that were read stand elsewhere than murmur2 says.
	Misplaced, Keys int
	// Matches is the partitioner that explains all of them; empty: none known.
	Matches string
	// Have and Want are partition counts, where these are what differs.
	Have, Want int
}

// Error says what is wrong, and what to do.
func (e *PlacementError) Error() string {
	const whole = "; or set consent.load: whole"
	if e.Have != e.Want {
		return fmt.Sprintf("reading %s by partition: it has %d partitions and had %d: restart every role once nothing older waits%s", e.Topic, e.Have, e.Want, whole)
	}
	text := fmt.Sprintf("reading %s by partition: %d of %d keys of partition %d do not stand where Kafka's default partitioner (murmur2) puts them", e.Topic, e.Misplaced, e.Keys, e.Partition)
	if e.Matches != "" {
		text += "; all of them stand where " + e.Matches + " does"
	}
	return text + ": write it with murmur2, into an empty topic" + whole
}

// partitioner gives the partition of a key among n.
type partitioner struct {
	name string
	of   func(key []byte, n int) int
}

// partitioners are those of the usual client libraries, ours first.
var partitioners = [...]partitioner{
	{"murmur2 (Java, franz-go)", partitionOf},
	{"CRC32 (librdkafka's consistent)", func(key []byte, n int) int { return int(crc32.ChecksumIEEE(key) % uint32(n)) }},
	{"FNV-1a (Sarama)", func(key []byte, n int) int {
		h := fnv.New32a()
		_, _ = h.Write(key) // never fails (hash.Hash)
		return max(int(int32(h.Sum32())%int32(n)), -int(int32(h.Sum32())%int32(n)))
	}},
}

// enoughKeys are read before a verdict about the partitioner, where there are
// as many.
const enoughKeys = 200

// placement checks that the keys of one partition belong there.
type placement struct {
	topic     string
	partition int32
	count     int
	keys      int
	fits      [len(partitioners)]int
}

// see takes a key. An error is final: the verdict.
func (p *placement) see(key []byte) error {
	p.keys++
	for i := range partitioners {
		if partitioners[i].of(key, p.count) == int(p.partition) {
			p.fits[i]++
		}
	}
	if p.keys < enoughKeys {
		return nil
	}
	return p.verdict()
}

// verdict says whether every key that was seen belongs here.
func (p *placement) verdict() error {
	if p.fits[0] == p.keys {
		return nil
	}
	e := &PlacementError{Topic: p.topic, Partition: p.partition, Misplaced: p.keys - p.fits[0], Keys: p.keys, Have: p.count, Want: p.count}
	for i, fit := range p.fits[1:] {
		if fit == p.keys {
			e.Matches = partitioners[i+1].name
		}
	}
	return e
}
