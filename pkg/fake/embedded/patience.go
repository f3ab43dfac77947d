package embedded

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// KeepFetches makes the brokers keep a fetch that finds nothing for at least
// that long, where its client would ask again sooner: idle fetches are most of
// what an hour of a bubble's time costs. A partition that a client resumes may
// wait as long before it is read. At most 9 s: after 10 s clients take a broker
// for dead.
func (s *Services) KeepFetches(least time.Duration) {
	s.cluster.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		s.cluster.KeepControl()
		if fetch, ok := request.(*kmsg.FetchRequest); ok {
			fetch.MaxWaitMillis = max(fetch.MaxWaitMillis, int32(least.Milliseconds()))
		}
		return nil, nil, false
	})
}
