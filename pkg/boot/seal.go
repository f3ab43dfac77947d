package boot

import (
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/seal"
)

// seals are the installation keys; nil where none are set, and originals are kept
// in clear.
func (e *Env) seals() (*seal.Ring, error) {
	c := e.Config.Erase
	if len(c.Keys) == 0 {
		return nil, nil //nolint:nilnil // no keys is a choice of the installation
	}
	keys := make(map[string]identity.Raw, len(c.Keys))
	for id, secret := range c.Keys {
		key, err := secret.Resolve()
		if err != nil {
			return nil, fmt.Errorf("reading erase.keys.%s: %w", id, err)
		}
		keys[id] = key
	}
	ring, err := seal.New(seal.Config{Prefix: e.Config.Topics.Prefix, Keys: keys, Current: c.KeyID})
	if err != nil {
		return nil, fmt.Errorf("reading erase.keys: %w", err)
	}
	return ring, nil
}
