// Package flow decides how fast a destination, a quota project or a provider
// is sent to. It is one pure function: state, what happened and the time go
// in; the new state and what to do come out. There is one control variable,
// the rate; requests in flight are a fixed number elsewhere.
package flow

import (
	"math"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Mode is what a flow does with a delivery now.
type Mode uint8

// The modes.
const (
	Open    Mode = iota // send, at the rate
	Waiting             // send nothing before Until
	Blocked             // send nothing; park. Only a probe opens it again
)

// String gives the word used in status records.
func (m Mode) String() string {
	switch m {
	case Waiting:
		return "waiting"
	case Blocked:
		return "blocked"
	default:
		return "open"
	}
}

// State of one flow. Times are epoch milliseconds. The zero State is open and
// unlimited.
type State struct {
	Mode  Mode
	Until int64           // end of Waiting; next probe of Blocked
	Cause decision.Reason // why it is not open
	// Detail is the provider's own words, redacted.
	Detail string
	// Rate is events per second, zero for no limit. It never exceeds Ceiling
	// where that is set.
	Rate, Ceiling float64
	// Failures counts transient failures in a row.
	Failures int
	// quiet is when the current window without throttling began.
	quiet int64
	// reread: the secret was read again since the last success.
	reread bool
	// peak is the highest rate that was seen before a throttle; halving stops
	// at a small share of it, or recovery would take hours.
	peak float64
	// window, sent, invalid: the systemic breaker's count.
	window        int64
	sent, invalid int
	// HealthySince is when the flow last came back from Blocked.
	HealthySince int64
}

// Happening is what a request came to.
type Happening struct {
	Class  provider.Class
	Detail string
	// Fix is what the provider's table of answers tells an operator to do,
	// empty where it says nothing. The machine does not look at it.
	Fix    string
	WaitMS int64   // how long the provider asked to wait
	Usage  float64 // percent of a quota that the provider reported
	// Events were in the request, Invalid of them refused as such.
	Events, Invalid int
	// Observed is the rate of the last seconds in events per second: what is
	// halved where no rate was set.
	Observed float64
	// Jitter is a random number in [0, 1).
	Jitter float64
	// ProbeEveryMS is how long a blocked flow waits for its next probe.
	ProbeEveryMS int64
	// Cause is why the flow would be blocked, where that is known better than
	// by the class: a secret that cannot be read was refused by nobody.
	Cause decision.Reason
}

// Action is what the owner of the flow does next.
type Action uint8

// The actions.
const (
	Nothing Action = iota
	RereadSecret
	Park // the flow is blocked now: publish it and park what waits
	Healed
)

// Bounds and steps, from docs/delivery.md.
const (
	firstBackoffMS   = 1_000
	maxBackoffMS     = 5 * 60_000
	minBackoffMS     = 50
	minThrottleMS    = 1_000
	quietWindowMS    = 1_000
	recovery         = 1.075 // rate regained each quiet window
	mostWindows      = 10    // that one success counts for
	deepest          = 16    // the rate never falls below this part of its peak
	smallestRate     = 0.01  // events per second
	slowDownUsage    = 80.0  // percent at which the rate is halved before the provider refuses
	breakerWindowMS  = 60_000
	breakerMinEvents = 20
)

// Next is the machine.
func Next(s State, h Happening, now int64) (State, Action) {
	switch h.Class {
	case provider.Accepted, provider.AcceptedWithWarnings, provider.DuplicateDelivery:
		return succeeded(s, h, now)
	case provider.Throttled:
		return throttled(s, h, now), Nothing
	case provider.Transient, provider.UnknownOutcome:
		if s.Mode == Waiting && now < s.Until && s.Cause == decision.ProviderUnavailable {
			// One of several that were on their way together: counting each would
			// make seconds of an outage minutes of a wait.
			return s, Nothing
		}
		s.Failures++
		return wait(s, now+backoff(s.Failures, h.Jitter), decision.ProviderUnavailable, h.Detail), Nothing
	case provider.Credentials:
		return refused(s, h, now, decision.CredentialsInvalid)
	case provider.Configuration:
		return refused(s, h, now, decision.ProviderMisconfigured)
	default:
		return invalid(s, h, now)
	}
}

func succeeded(s State, h Happening, now int64) (State, Action) {
	action := Nothing
	if s.Mode == Blocked {
		s, action = s.heal(now), Healed
	}
	if s.Mode == Waiting && now < s.Until && s.Cause == decision.ProviderThrottled {
		// It was on its way when another request was throttled: that one's
		// word about when to go on counts.
		return s.count(h, now), action
	}
	s.Mode, s.Until, s.Cause, s.Detail, s.Failures, s.reread = Open, 0, decision.ReasonNone, "", 0, false
	s = s.count(h, now)
	if h.Usage >= slowDownUsage {
		return s.halve(h.Observed, now), action
	}
	return s.regain(now), action
}

// regain gives back a step of the rate for every quiet window since the last
// one. At a low rate a full request is worth many windows, after which there is
// one success: a step for each success alone would leave a backlog waiting for
// hours. One success proves only so much, so it undoes about one halving at
// most, also after a night without traffic.
func (s State) regain(now int64) State {
	windows := (now - s.quiet) / quietWindowMS
	if s.Rate == 0 || windows < 1 {
		return s
	}
	s.quiet = now
	s.Rate *= math.Pow(recovery, float64(min(windows, mostWindows)))
	if s.Ceiling > 0 {
		s.Rate = min(s.Rate, s.Ceiling)
	}
	return s
}

// Under puts the flow under a ceiling in events per second; zero is none. A
// rate at the old ceiling follows the new one at once, because nobody asked to
// go slower; one that was throttled comes back as it would have.
func (s State) Under(ceiling float64) State {
	free := s.Rate == 0 || s.Ceiling > 0 && s.Rate >= s.Ceiling
	if free || ceiling > 0 && s.Rate > ceiling {
		s.Rate = ceiling
	}
	s.Ceiling = ceiling
	return s
}

// heal opens a blocked flow and forgets what blocked it.
func (s State) heal(now int64) State {
	s.Mode, s.Until, s.Cause, s.Detail, s.Failures = Open, 0, decision.ReasonNone, "", 0
	s.HealthySince, s.window, s.sent, s.invalid = now, now, 0, 0
	return s
}

func throttled(s State, h Happening, now int64) State {
	pause := h.WaitMS
	if pause <= 0 {
		pause = max(minThrottleMS, backoff(s.Failures+1, h.Jitter))
	}
	if s.Mode == Waiting && now < s.Until && s.Cause == decision.ProviderThrottled {
		// One of several that were on their way together: one halving is for
		// all of them, the longest wait counts.
		s.Until = max(s.Until, now+pause)
		return s
	}
	if h.Events > 0 {
		// A probe has no events, and says nothing about their rate: half of
		// nothing would be an event in 40 seconds once the probe succeeds.
		s = s.halve(h.Observed, now)
	}
	s.Failures++
	return wait(s, now+pause, decision.ProviderThrottled, h.Detail)
}

// refused re-reads the secret once, because a rotated one is the common cause;
// the second refusal in a row blocks.
func refused(s State, h Happening, now int64, cause decision.Reason) (State, Action) {
	if h.Cause != decision.ReasonNone {
		cause = h.Cause
	}
	if !s.reread && s.Mode != Blocked {
		s.reread = true
		return s, RereadSecret
	}
	return Block(s, cause, h.Detail, now+h.ProbeEveryMS), Park
}

// invalid feeds the systemic breaker: when most of a window is refused, it is
// not the events, and dead-lettering stops.
func invalid(s State, h Happening, now int64) (State, Action) {
	s.Failures = 0
	action := Nothing
	if s.Mode == Blocked {
		if s.Cause == decision.ProviderRejected {
			return Block(s, s.Cause, h.Detail, now+h.ProbeEveryMS), Park
		}
		// Who judges the event has taken the credentials.
		s, action = s.heal(now), Healed
	}
	s = s.count(h, now)
	if s.sent >= breakerMinEvents && 2*s.invalid > s.sent {
		return Block(s, decision.ProviderRejected, h.Detail, now+h.ProbeEveryMS), Park
	}
	return s, action
}

// count keeps a window of at least a minute and at least as many events as
// the breaker needs, so that it works for a destination with one event an
// hour too.
func (s State) count(h Happening, now int64) State {
	if now-s.window >= breakerWindowMS && s.sent >= breakerMinEvents {
		s.window, s.sent, s.invalid = now, 0, 0
	}
	s.sent += h.Events
	s.invalid += h.Invalid
	return s
}

// halve takes half of the rate, or of what was observed where none was set.
func (s State) halve(observed float64, now int64) State {
	s.quiet = now
	if s.Rate == 0 {
		s.Rate = observed
	}
	s.peak = max(s.peak, s.Rate)
	s.Rate = max(s.Rate/2, s.peak/deepest, smallestRate)
	return s
}

// wait pauses until a time. A pause that the provider asked for is never cut
// short by what happened to another request, and a failed probe opens nothing.
func wait(s State, until int64, cause decision.Reason, detail string) State {
	switch {
	case s.Mode == Blocked:
		s.Until = max(until, s.Until)
	case s.Mode == Waiting && s.Cause == decision.ProviderThrottled && s.Until > until:
	default:
		s.Mode, s.Until, s.Cause, s.Detail = Waiting, until, cause, detail
	}
	return s
}

// Block stops the flow until a probe succeeds; the first may start at probe.
func Block(s State, cause decision.Reason, detail string, probe int64) State {
	s.Mode, s.Cause, s.Detail, s.Until = Blocked, cause, detail, probe
	s.reread = false
	return s
}

// Touch makes a blocked flow probe at once: its secret or resource changed.
func Touch(s State, now int64) State {
	if s.Mode == Blocked {
		s.Until = now
	}
	s.reread = false
	return s
}

// Ready says whether a request may start now: true when open, when a wait is
// over, and for the one probe of a blocked flow that is due.
func (s State) Ready(now int64) bool { return s.Mode == Open || now >= s.Until }

// backoff is exponential with full jitter: the n-th failure waits between
// hardly anything and 1 s · 2^(n-1), five minutes at most.
func backoff(failures int, jitter float64) int64 {
	limit := int64(maxBackoffMS)
	if failures < 10 {
		limit = min(limit, firstBackoffMS<<(failures-1))
	}
	return max(minBackoffMS, int64(jitter*float64(limit)))
}
