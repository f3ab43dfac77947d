package doctor

import (
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/edge/seal"
)

// erasure looks at the keys that seal what is kept of original events.
func (d *visit) erasure() {
	const area = "erase.keys"
	c := d.deps.Config.Erase
	if len(c.Keys) == 0 {
		d.add(area, Warning, "set erase.keys and erase.key_id for routers and operators, see docs/operations.md", "none is set: hold and deadletter.events keep original events in clear, which an erasure does not reach before their retention ends")
		return
	}
	fine := true
	for _, id := range slices.Sorted(maps.Keys(c.Keys)) {
		key, err := c.Keys[id].Resolve()
		switch {
		case err != nil:
			fine = false
			d.add(area, Problem, "make the reference readable for this process", "%s cannot be read: %v", id, err)
		case len(key.Reveal()) < seal.MinKeyBytes:
			fine = false
			d.add(area, Problem, "use at least 32 random bytes, under a new id", "%s has %d bytes, and no router starts with it", id, len(key.Reveal()))
		}
	}
	if c.KeyID == "" {
		d.add(area, Warning, "set erase.key_id, once every router and operator has the keys", "they open, and none seals: hold and deadletter.events keep original events in clear")
		return
	}
	if fine {
		d.add(area, Fine, "", "%d, key %q seals", len(c.Keys), c.KeyID)
	}
}
