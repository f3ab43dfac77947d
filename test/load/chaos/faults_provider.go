package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/load/traffic"
)

// poison is the fault of the stand-ins that is always there.
const poison = "poison"

// providerFaults are what providers do, in every class of answers.
func providerFaults() []fault {
	meta := traffic.Accounts()[traffic.MappingMeta].Destination
	scripted := func(name string, lasts time.Duration, neighbour bool, rules ...sandbox.Rule) fault {
		return fault{name: name, neighbour: neighbour, takes: lasts + 2*time.Second, run: func(ctx context.Context, b *bench) error {
			for i := range rules {
				rules[i].Name = name
			}
			if err := b.w.Sandbox.Script(rules...); err != nil {
				return err
			}
			wait(ctx, lasts)
			return b.w.Sandbox.SetFaults(poison)
		}}
	}
	return []fault{
		scripted("provider-down", 8*time.Second, false, sandbox.Rule{Do: sandbox.Unavailable}),
		scripted("provider-throttles", 6*time.Second, false, throttles()...),
		scripted("provider-answers-lost", 5*time.Second, false,
			sandbox.Rule{Do: sandbox.LostAnswer, Every: 3}, sandbox.Rule{Do: sandbox.EmptyBody, Skip: 1, Every: 3}),
		scripted("provider-answers-strangely", 6*time.Second, false,
			sandbox.Rule{Do: sandbox.HTML, Every: 4}, sandbox.Rule{Do: sandbox.Truncated, Skip: 1, Every: 4},
			sandbox.Rule{Do: sandbox.ErrorIn200, Skip: 2, Every: 5}, sandbox.Rule{Do: sandbox.Reset, Skip: 3, Every: 4},
			sandbox.Rule{Provider: "meta", Do: sandbox.FewerEvents, Skip: 1, Every: 6}),
		scripted("one-destination-down", 8*time.Second, true, sandbox.Rule{Destination: meta, Do: sandbox.Unavailable}),
		scripted("one-customer-slow", 8*time.Second, true, sandbox.Rule{Destination: meta, Do: sandbox.Slow, Delay: sandbox.Duration(3 * time.Second)}),
		{name: "replay-in-traffic", takes: 16 * time.Second, run: replayInTraffic},
		{name: "credentials-rotated", neighbour: true, takes: 10 * time.Second, run: credentialsRotated},
	}
}

// throttles are each provider's own way to refuse for too many requests.
func throttles() []sandbox.Rule {
	rules := []sandbox.Rule{{Provider: "meta", Do: sandbox.Throttle, Every: 4}}
	for _, provider := range sandbox.Providers() {
		if provider != "meta" {
			rules = append(rules, sandbox.Rule{Provider: provider, Do: sandbox.Throttle, RetryAfter: 3, Every: 3})
		}
	}
	return rules
}

// credentialsRotated: the old token is refused, until somebody writes the new
// one; Google's access tokens end as well.
func credentialsRotated(ctx context.Context, b *bench) error {
	destination := traffic.Accounts()[traffic.MappingMeta].Destination
	if err := b.w.Sandbox.Script(sandbox.Rule{Name: "credentials-rotated", Destination: destination, Do: sandbox.BadToken}); err != nil {
		return err
	}
	b.w.Sandbox.RevokeTokens()
	wait(ctx, 5*time.Second)
	if err := b.w.Sandbox.SetFaults(poison); err != nil {
		return err
	}
	return b.w.WriteSecrets()
}

// replayInTraffic: an operator sends again what was not delivered, while traffic
// flows, and then does so once more under the same id, which sends nothing.
func replayInTraffic(ctx context.Context, b *bench) error {
	tools, err := b.w.Slot(ctx, "tools", "tools")
	if err != nil {
		return err
	}
	id := fmt.Sprintf("chaos-%d", b.rng.Uint32())
	for range 2 {
		if err := b.w.Sluice(ctx, "replay", "--from", "events", "--since", "10m", "--id", id, "--yes", "--config", tools.Config); err != nil {
			return err
		}
	}
	return nil
}
