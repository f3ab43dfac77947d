package embedded

import "time"

// expire lets keys grow old, which the embedded Redis does not do by itself. Each
// round visits every key and lets nobody else in meanwhile: with hundreds of
// thousands of claims a round a second would leave hardly any time to answer.
func (s *Services) expire() {
	last, pause := time.Now(), expiryPause(0)
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(pause):
		}
		began := time.Now()
		s.redis.FastForward(began.Sub(last))
		last, pause = began, expiryPause(time.Since(began))
	}
}

// expiryPause is the time until the next round: a second, or longer after one
// that took long, so that rounds take a twentieth of the time at most.
func expiryPause(took time.Duration) time.Duration { return max(time.Second, 19*took) }
