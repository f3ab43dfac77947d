package dedup

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// AppendCase appends the one or two claims of a case that a provider has built:
// router and replay must agree on every key, or an event could pass twice.
// Shadow mode has keys of its own: trying a destination out must not take the
// claims of the real thing.
func AppendCase(dst []Request, c *gate.Case, b *provider.Built, owner Owner) []Request {
	shadow := c.Route.Destination.Mode == resource.ModeShadow
	dest, target := c.Route.Mapping.DestinationID, c.Route.Key
	ttl := Window(c.Route.Destination)
	dst = append(dst, Request{Key: NewKey(shadow, c.Event.CustomerID, dest, target, b.ClaimID), Owner: owner, TTL: ttl})
	if id := gate.AlsoClaimID(c, b); id != "" {
		dst = append(dst, Request{Key: TransactionKey(shadow, c.Event.CustomerID, dest, target, id), Owner: owner, TTL: ttl})
	}
	return dst
}

// AdjustmentKeys are the claim of the transaction that an adjustment is about,
// and where the newest adjustment's time stands.
func AdjustmentKeys(c *gate.Case, b *provider.Built) (plain, newest Key) {
	customer, dest, target := c.Event.CustomerID, c.Route.Mapping.DestinationID, c.Route.Key
	return NewKey(false, customer, dest, target, b.PlainClaimID), AdjustmentKey(customer, dest, target, b.PlainClaimID)
}

// Window is how long claims of a destination live. One without a window has the
// default: a claim that expired at once would let every copy pass.
func Window(d *resource.Destination) time.Duration {
	if d.Dedup.WindowMS <= 0 {
		return time.Duration(resource.DefaultDedupWindowMS) * time.Millisecond
	}
	return time.Duration(d.Dedup.WindowMS) * time.Millisecond
}
