package table

// murmur2 is the hash of Kafka's default partitioner: MurmurHash2 (Austin
// Appleby, public domain) with Kafka's seed. The client library has it and
// does not export it; a test compares the two.
func murmur2(b []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h = h*m ^ k
	}
	for i := len(b) - 1; i >= 0; i-- {
		h ^= uint32(b[i]) << (8 * i)
	}
	if len(b) > 0 {
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}

// partitionOf is where Kafka's default partitioner puts a key.
func partitionOf(key []byte, n int) int { return int(murmur2(key)&0x7fffffff) % n }
