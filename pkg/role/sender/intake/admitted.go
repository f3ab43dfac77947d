package intake

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

func (it *Item) copyID() copyID {
	return copyID{claim: it.Delivery.ClaimKey, owner: it.Delivery.ClaimOwner, replay: it.Delivery.ReplayID}
}

// admitted are the deliveries that this process is in charge of, at most one of
// each id. A claim's key is a digest already, so its bytes say where an item
// is kept, and items that are kept in one place are chained: a map of such
// keys would hash them again, four times for every delivery.
type admitted struct {
	heads []*Item // a power of two
	n     int
}

const minSlots = 1024

// head is where an item with this id is chained.
func (a *admitted) head(claim *[16]byte, owner int64) **Item {
	const spread = 0x9E3779B97F4A7C15 // deliveries without a claim have owners all the same
	h := binary.LittleEndian.Uint64(claim[:]) ^ uint64(owner)*spread
	return &a.heads[(h^h>>32)&uint64(len(a.heads)-1)]
}

// add takes charge of an item, unless there is one with its id.
func (a *admitted) add(it *Item) bool {
	if a.n >= len(a.heads) {
		a.grow()
	}
	head := a.head(&it.Delivery.ClaimKey, it.Delivery.ClaimOwner)
	id := it.copyID()
	for other := *head; other != nil; other = other.chained {
		if other.copyID() == id {
			return false
		}
	}
	it.chained, *head = *head, it
	a.n++
	return true
}

// remove forgets an item, if it is there.
func (a *admitted) remove(it *Item) {
	if a.n == 0 {
		return
	}
	for at := a.head(&it.Delivery.ClaimKey, it.Delivery.ClaimOwner); *at != nil; at = &(*at).chained {
		if *at == it {
			*at, it.chained = it.chained, nil
			a.n--
			return
		}
	}
}

// each goes through all items; what it calls may remove the one it is given.
func (a *admitted) each(do func(*Item)) {
	for _, it := range a.heads {
		for it != nil {
			next := it.chained
			do(it)
			it = next
		}
	}
}

func (a *admitted) grow() {
	all := admitted{heads: make([]*Item, max(minSlots, 2*len(a.heads)))}
	a.each(func(it *Item) {
		head := all.head(&it.Delivery.ClaimKey, it.Delivery.ClaimOwner)
		it.chained, *head = *head, it
	})
	a.heads = all.heads
}
