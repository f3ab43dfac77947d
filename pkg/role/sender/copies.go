package sender

import "encoding/binary"

// copyID tells copies of one delivery: the claim's key names customer,
// destination, target and the id that the provider counts by, the owner the
// input record. Deliveries of two records of one event are no copies of each
// other: only the claim says which of them goes, and dropping one unheard
// could drop the one that has it.
type copyID struct {
	claim  [16]byte
	owner  int64
	replay string
}

func (it *item) copyID() copyID {
	return copyID{claim: it.delivery.ClaimKey, owner: it.delivery.ClaimOwner, replay: it.delivery.ReplayID}
}

// copies are the deliveries that this process is in charge of, at most one of
// each id. A claim's key is a digest already, so its bytes say where an item
// is kept, and items that are kept in one place are chained: a map of such
// keys would hash them again, four times for every delivery.
type copies struct {
	heads []*item // a power of two
	n     int
}

const leastCopies = 1024

// head is where an item with this id is chained.
func (c *copies) head(claim *[16]byte, owner int64) **item {
	const spread = 0x9E3779B97F4A7C15 // deliveries without a claim have owners all the same
	h := binary.LittleEndian.Uint64(claim[:]) ^ uint64(owner)*spread
	return &c.heads[(h^h>>32)&uint64(len(c.heads)-1)]
}

// add takes charge of an item, unless there is one with its id.
func (c *copies) add(it *item) bool {
	if c.n >= len(c.heads) {
		c.grow()
	}
	head := c.head(&it.delivery.ClaimKey, it.delivery.ClaimOwner)
	id := it.copyID()
	for other := *head; other != nil; other = other.chained {
		if other.copyID() == id {
			return false
		}
	}
	it.chained, *head = *head, it
	c.n++
	return true
}

// remove forgets an item, if it is there.
func (c *copies) remove(it *item) {
	if c.n == 0 {
		return
	}
	for at := c.head(&it.delivery.ClaimKey, it.delivery.ClaimOwner); *at != nil; at = &(*at).chained {
		if *at == it {
			*at, it.chained = it.chained, nil
			c.n--
			return
		}
	}
}

// each goes through all items; what it calls may remove the one it is given.
func (c *copies) each(do func(*item)) {
	for _, it := range c.heads {
		for it != nil {
			next := it.chained
			do(it)
			it = next
		}
	}
}

func (c *copies) grow() {
	all := copies{heads: make([]*item, max(leastCopies, 2*len(c.heads)))}
	c.each(func(it *item) {
		head := all.head(&it.delivery.ClaimKey, it.delivery.ClaimOwner)
		it.chained, *head = *head, it
	})
	c.heads = all.heads
}
