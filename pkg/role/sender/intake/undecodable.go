package intake

import "context"

// retryUndecodableMS is how often records that only the registry can explain
// are read again.
const retryUndecodableMS = 1000

// undecodable are records that the registry could not explain yet.
type undecodable struct {
	items    []*Item
	retrying bool
	next     int64 // epoch ms
}

// RetryUndecodable reads records again that the registry could not explain
// before.
func (in *Intake) RetryUndecodable(ctx context.Context, now int64) {
	u := &in.undecodable
	if len(u.items) == 0 || u.retrying {
		return
	}
	if now < u.next {
		in.deps.Tasks.At(u.next)
		return
	}
	items := Owned(u.items)
	u.items, u.retrying = nil, true
	in.deps.Tasks.Spawn(func() func() {
		for _, it := range items {
			it.undecoded = in.deps.Deliveries.Decode(ctx, it.Record.Value, &it.Delivery)
		}
		return func() {
			u.retrying = false
			later := in.deps.Now().UnixMilli()
			u.next = later + retryUndecodableMS
			for _, it := range Owned(items) {
				in.decoded(ctx, it, later)
			}
		}
	})
}
