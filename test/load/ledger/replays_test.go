package ledger

import (
	"testing"

	"github.com/sluicehq/sluice/test/load/traffic"
)

// missed is a story of a delivery that was given up, and that one replay sends.
func missed(t *testing.T, replays int) *story {
	t.Helper()
	s := newStory(t)
	s.item.Expect[traffic.MappingMeta] = traffic.Expect{
		Routed: []traffic.Outcome{traffic.Queued}, MayEnd: []traffic.Outcome{"dead_lettered provider.unavailable"}, Once: traffic.ID(1), Missed: true,
	}
	s.decide(s.pair, "router", "queued", "eligible")
	s.queue(s.pair, traffic.ID(1))
	s.decide(s.pair, "sender", "dead_lettered", "provider.unavailable")
	id := "after-the-outage"
	for range replays {
		s.fate(s.pair).again++
		s.replayed(replayed{s.pair, id}, repeats{queued: 1})
		s.decided(&diagnostic{Stage: "sender", Status: "delivered", Reason: "delivered", Mapping: s.pair.mapping, Source: source{Offset: s.pair.at.Offset}, ReplayID: &id})
	}
	return s
}

func TestReplaysSendExactlyWhatWasMissed(t *testing.T) {
	t.Parallel()
	held := missed(t, 1)
	requireHolds(t, held.missed(held.seen(1, 0)))
	requireHolds(t, held.nothingVanished(&Report{Outcomes: map[string]int{}}, held.seen(1, 0)))

	none := missed(t, 0)
	requireBroken(t, none.missed(none.seen(0, 0)), "was missed, and replayed 0 times")
	twice := missed(t, 2)
	requireBroken(t, twice.missed(twice.seen(2, 0)), "was missed, and replayed 2 times")
	lost := missed(t, 1)
	requireBroken(t, lost.missed(lost.seen(0, 0)), "does not have it once")
	needless := whole(t)
	needless.fate(needless.pair).again++
	requireBroken(t, needless.missed(needless.seen(1, 0)), "was not missed")
	waiting := missed(t, 0)
	waiting.fate(waiting.pair).again++
	requireBroken(t, waiting.missed(waiting.seen(0, 0)), "ended as map[]")
}
