package sandbox

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
)

// faultNames are the values of Config.Faults.
var faultNames = []string{"throttle", "outage", "slow", "bad-token", "poison", "lost-answer"}

// parseFaults reads a comma-separated list of names.
func parseFaults(list string) ([]string, error) {
	var out []string
	for _, name := range strings.Split(list, ",") {
		switch name = strings.TrimSpace(name); {
		case name == "":
		case name == "all":
			out = append(out, faultNames...)
		case slices.Contains(faultNames, name):
			out = append(out, name)
		default:
			return nil, fmt.Errorf("reading faults: unknown name %q; known are %s, all", name, strings.Join(faultNames, ", "))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func seconds(n float64) Duration { return Duration(n * float64(time.Second)) }

// faultRules turns names into rules. Every rule ends within 30 s of its first
// hit, and not before it: on a busy machine the first request may come late, and
// a rule that had ended by then would show nothing. The first hits come early,
// so that a short run sees them too. The order matters where
// several hit one request: what a client sees first in life comes first.
func (s *Sandbox) faultRules(names []string) []Rule {
	var rules []Rule
	for _, f := range s.fakes {
		provider := f.Name()
		if slices.Contains(names, "bad-token") {
			rules = append(rules, Rule{Name: "bad-token", Provider: provider, FirstDestination: true, Lasts: seconds(8), Skip: 2, Do: BadToken})
		}
		if slices.Contains(names, "throttle") {
			rules = append(rules, throttleRules(f, s.cfg)...)
		}
		if slices.Contains(names, "outage") {
			rules = append(rules,
				Rule{Name: "outage", Provider: provider, From: seconds(1), Until: seconds(3), Do: Unavailable},
				Rule{Name: "outage", Provider: provider, Lasts: seconds(15), Every: 5, Times: 20, Do: Unavailable},
				Rule{Name: "outage", Provider: provider, Lasts: seconds(15), Skip: 2, Every: 7, Times: 20, Do: Reset},
				Rule{Name: "outage", Provider: provider, Lasts: seconds(15), Skip: 4, Every: 9, Times: 20, Do: HTML})
		}
		if slices.Contains(names, "slow") {
			rules = append(rules, Rule{Name: "slow", Provider: provider, Lasts: seconds(20), Every: 3, Do: Slow, Delay: seconds(0.7)})
		}
		if slices.Contains(names, "lost-answer") {
			rules = append(rules, Rule{Name: "lost-answer", Provider: provider, Lasts: seconds(25), Skip: 1, Every: 5, Times: 15, Do: LostAnswer})
		}
	}
	return rules
}

// throttleRules take the ways in which a provider throttles in turns.
func throttleRules(f call.Fake, cfg Config) []Rule {
	ways := []call.Fault{{}}
	if several, ok := f.(call.Throttles); ok {
		ways = several.Throttles()
	}
	var rules []Rule
	for i, way := range ways {
		rules = append(rules, Rule{
			Name: "throttle", Provider: f.Name(), Lasts: seconds(15), Times: 15, Skip: 1 + 4*i, Every: 4 * len(ways),
			Do: Throttle, Code: way.Code, Status: way.Status, Minutes: cfg.ThrottleMinutes, RetryAfter: cfg.RetryAfter,
		})
	}
	return rules
}

// poisoned tells whether the poison fault refuses the event, for ever.
func poisoned(provider, id string, perMille int) bool {
	h := fnv.New64a()
	h.Write([]byte(provider + "\x00poison\x00" + id)) // never fails
	sum := h.Sum64()
	return int((sum^sum>>29)%1000) < perMille
}
