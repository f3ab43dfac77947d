package flow_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

const hour = 3600_000

func happening(c provider.Class) flow.Happening {
	return flow.Happening{Class: c, Events: 1, Observed: 100, Jitter: 0.5, ProbeEveryMS: hour, Detail: "said"}
}

func after(s flow.State, now int64, classes ...provider.Class) (flow.State, flow.Action) {
	var action flow.Action
	for _, c := range classes {
		h := happening(c)
		if c == provider.Invalid {
			h.Invalid = 1
		}
		s, action = flow.Next(s, h, now)
	}
	return s, action
}

func TestBackoffDoublesAndEnds(t *testing.T) {
	t.Parallel()
	var s flow.State
	now := int64(1000)
	for i, want := range []int64{500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 150000, 150000} {
		s, _ = after(s, now, provider.Transient)
		require.Equal(t, flow.Waiting, s.Mode)
		require.Equal(t, want, s.Until-now, "failure %d", i+1)
		require.False(t, s.Ready(s.Until-1))
		require.True(t, s.Ready(s.Until))
		now = s.Until
	}
	s, _ = after(s, now, provider.Accepted)
	require.Equal(t, flow.Open, s.Mode)
	require.Zero(t, s.Failures)
	s, _ = flow.Next(flow.State{}, flow.Happening{Class: provider.UnknownOutcome}, now)
	require.Equal(t, int64(50), s.Until-now, "no jitter is no hot loop")
}

func TestThrottleHalvesOnceAndRecovers(t *testing.T) {
	t.Parallel()
	h := happening(provider.Throttled)
	h.WaitMS = 7000
	s, _ := flow.Next(flow.State{}, h, 0)
	require.Equal(t, int64(7000), s.Until)
	require.InDelta(t, 50, s.Rate, 0)
	h.WaitMS = 9000
	s, _ = flow.Next(s, h, 100)
	require.Equal(t, int64(9100), s.Until, "the longest wait counts")
	require.InDelta(t, 50, s.Rate, 0, "those that were on their way are one throttle")
	s, _ = after(s, 200, provider.Accepted)
	require.Equal(t, flow.Waiting, s.Mode, "an answer from before does not end the wait")
	now := int64(9100)
	s, _ = after(s, now, provider.Accepted)
	require.Equal(t, flow.Open, s.Mode)
	for i := 0; s.Rate < 100; i++ {
		before := s.Rate
		now += 1000
		s, _ = after(s, now, provider.Accepted)
		require.LessOrEqual(t, s.Rate, before*1.10)
		require.GreaterOrEqual(t, s.Rate, before*1.05)
		require.Less(t, i, 20)
	}
	s.Ceiling, s.Rate = 100, 100
	s, _ = after(s, now+5000, provider.Accepted)
	require.InDelta(t, 100, s.Rate, 0)
	for range 20 {
		now += 100_000
		s, _ = after(s, now, provider.Throttled)
	}
	require.Greater(t, s.Rate, 3.0, "recovery must not take hours")
}

// A probe that is throttled opens nothing, and says nothing about how many events
// the provider takes.
func TestAThrottledProbeLeavesTheRate(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 80} {
		s := flow.Block(flow.State{Rate: rate}, decision.CredentialsInvalid, "said", 1000)
		probe := flow.Happening{Class: provider.Throttled, WaitMS: 7000, Jitter: 0.5, ProbeEveryMS: hour}
		s, _ = flow.Next(s, probe, 1000)
		require.Equal(t, flow.Blocked, s.Mode)
		require.Equal(t, int64(8000), s.Until)
		probe.Class = provider.Accepted
		s, action := flow.Next(s, probe, 8000)
		require.Equal(t, flow.Healed, action)
		require.GreaterOrEqual(t, s.Rate, rate, "zero is no limit")
		require.True(t, s.Rate == 0 || s.Rate >= rate)
	}
}

func TestFailuresTogetherCountOnce(t *testing.T) {
	t.Parallel()
	h := happening(provider.Transient)
	h.Jitter = 0.9
	s, _ := flow.Next(flow.State{}, h, 0)
	until := s.Until
	for range 10 {
		s, _ = flow.Next(s, h, 100)
	}
	require.Equal(t, 1, s.Failures)
	require.Equal(t, until, s.Until)
	s, _ = flow.Next(s, h, until)
	require.Equal(t, 2, s.Failures, "a request that started after the wait")
}

func TestRareSuccessesRegainWhatWasQuietBetween(t *testing.T) {
	t.Parallel()
	s, _ := after(flow.State{}, 0, provider.Throttled)
	halved := s.Rate
	s, _ = after(s, 5000, provider.Accepted)
	require.InDelta(t, halved*math.Pow(1.075, 5), s.Rate, 0.001, "one request that was worth five quiet seconds")
	before := s.Rate
	s, _ = after(s, 5999, provider.Accepted)
	require.InDelta(t, before, s.Rate, 0, "less than a second")
	s, _ = after(s, 12*3_600_000, provider.Accepted)
	require.Greater(t, s.Rate, 1.9*before)
	require.Less(t, s.Rate, 2.2*before, "after a night one success undoes one halving")
}

// A new ceiling counts at once for who was at the old one, and only caps who
// was throttled.
func TestACeilingThatMoves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ rate, ceiling, moved, want float64 }{
		"first":                {0, 0, 200, 200},
		"raised":               {1, 1, 200, 200},
		"lowered":              {200, 200, 1, 1},
		"taken away":           {200, 200, 0, 0},
		"throttled and raised": {50, 100, 200, 50},
		"throttled and lower":  {50, 100, 20, 20},
		"throttled, none yet":  {50, 0, 200, 50},
		"throttled, gone":      {50, 100, 0, 50},
	} {
		got := flow.State{Rate: c.rate, Ceiling: c.ceiling}.Under(c.moved)
		require.InDelta(t, c.want, got.Rate, 0, name)
		require.InDelta(t, c.moved, got.Ceiling, 0, name)
	}
}

func TestUsageSlowsDownBeforeTheProviderRefuses(t *testing.T) {
	t.Parallel()
	h := happening(provider.Accepted)
	h.Usage = 85
	s, _ := flow.Next(flow.State{}, h, 0)
	require.InDelta(t, 50, s.Rate, 0)
	require.Equal(t, flow.Open, s.Mode)
}

func TestCredentialsAreReadOnceMoreThenBlock(t *testing.T) {
	t.Parallel()
	s, action := after(flow.State{}, 0, provider.Credentials)
	require.Equal(t, flow.RereadSecret, action)
	require.Equal(t, flow.Open, s.Mode)
	s, action = after(s, 0, provider.Credentials)
	require.Equal(t, flow.Park, action)
	require.Equal(t, flow.Blocked, s.Mode)
	require.Equal(t, decision.CredentialsInvalid, s.Cause)
	require.Equal(t, int64(hour), s.Until)
	require.False(t, s.Ready(hour-1))
	s, action = after(s, hour, provider.Configuration)
	require.Equal(t, flow.Park, action)
	require.Equal(t, decision.ProviderMisconfigured, s.Cause)
	require.Equal(t, int64(2*hour), s.Until)
	require.True(t, flow.Touch(s, hour+5).Ready(hour+5), "a new secret is tried at once")
	s, action = after(s, 2*hour, provider.Transient)
	require.Equal(t, flow.Nothing, action)
	require.Equal(t, flow.Blocked, s.Mode, "a probe that failed opens nothing")
	s, action = after(s, 3*hour, provider.Accepted)
	require.Equal(t, flow.Healed, action)
	require.Equal(t, flow.Open, s.Mode)
	require.Equal(t, int64(3*hour), s.HealthySince)
}

func TestAJudgedEventProvesTheCredentials(t *testing.T) {
	t.Parallel()
	s := flow.Block(flow.State{}, decision.CredentialsInvalid, "", 0)
	s, action := after(s, 5, provider.Invalid)
	require.Equal(t, flow.Healed, action)
	require.Equal(t, flow.Open, s.Mode)
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	var s flow.State
	var action flow.Action
	for i := range 19 {
		// One an hour: a quiet destination is protected too.
		s, action = after(s, int64(i)*hour, provider.Invalid)
		require.Equal(t, flow.Nothing, action)
	}
	s, action = after(s, 20*hour, provider.Invalid)
	require.Equal(t, flow.Park, action)
	require.Equal(t, decision.ProviderRejected, s.Cause)
	s, action = after(s, 21*hour, provider.Invalid)
	require.Equal(t, flow.Park, action, "the probe was refused too")
	require.Equal(t, int64(22*hour), s.Until)
	s, action = after(s, 22*hour, provider.Accepted)
	require.Equal(t, flow.Healed, action)
	_, action = after(s, 22*hour, provider.Invalid)
	require.Equal(t, flow.Nothing, action, "the count begins anew")
}

func TestHalfBadIsTheEvents(t *testing.T) {
	t.Parallel()
	var s flow.State
	for i := range 200 {
		class := provider.Accepted
		if i%2 == 0 {
			class = provider.Invalid
		}
		s, _ = after(s, int64(i), class)
	}
	require.Equal(t, flow.Open, s.Mode)
}

// Whatever happens: a wait is never cut short by anything but its end, a
// blocked flow opens by success alone, and the rate keeps its ceiling.
func TestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := flow.State{Ceiling: 50}
		now := int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "n") {
			now += rapid.Int64Range(0, 10_000).Draw(t, "dt")
			h := happening(provider.Class(rapid.IntRange(0, 8).Draw(t, "class")))
			h.WaitMS = rapid.Int64Range(0, 100_000).Draw(t, "wait")
			h.Jitter = rapid.Float64Range(0, 0.999).Draw(t, "jitter")
			if h.Class == provider.Invalid {
				h.Invalid = 1
			}
			before := s
			var action flow.Action
			s, action = flow.Next(s, h, now)
			if before.Mode == flow.Blocked && s.Mode != flow.Blocked && action != flow.Healed {
				t.Fatalf("opened without healing: %+v", s)
			}
			if s.Mode == flow.Blocked && before.Mode != flow.Blocked && action != flow.Park {
				t.Fatalf("blocked without parking")
			}
			if h.Class == provider.Throttled && s.Mode == flow.Waiting && s.Until < now+h.WaitMS {
				t.Fatalf("waits less than the provider said: %d < %d", s.Until-now, h.WaitMS)
			}
			if before.Mode == flow.Waiting && before.Cause == decision.ProviderThrottled && now < before.Until &&
				s.Mode == flow.Waiting && s.Until < before.Until {
				t.Fatalf("a throttle was cut short")
			}
			if s.Rate < 0 {
				t.Fatalf("rate %v", s.Rate)
			}
		}
	})
}
