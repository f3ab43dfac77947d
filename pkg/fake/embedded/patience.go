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

// mostFetches are answered at one moment of a bubble's time.
const mostFetches = 500

// paceFetches lets a bubble's time pass where a client fetches again at once for
// ever, as it may while partitions are in error. Only time ends that, and a
// bubble's time stands still as long as anybody runs.
func (s *Services) paceFetches() {
	var at time.Time
	n := 0
	s.cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		s.cluster.KeepControl()
		now := time.Now()
		if now.Equal(at) {
			n++
		} else {
			at, n = now, 0
		}
		if n > mostFetches {
			s.cluster.SleepControl(func() { time.Sleep(time.Millisecond) })
		}
		return nil, nil, false
	})
}
