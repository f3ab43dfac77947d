package cli_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

// scenes are the situations of all runbooks.
func scenes() map[string]scene {
	return map[string]scene{
		"provider-outage.md":      providerOutage(),
		"expired-token.md":        expiredToken(),
		"redis-loss.md":           redisLoss(),
		"replay-after-outage.md":  replayAfterOutage(),
		"wrong-mapping.md":        wrongMapping(),
		"revocation-request.md":   revocationRequest(),
		"adding-a-customer.md":    addingACustomer(),
		"upgrade-and-rollback.md": upgradeAndRollback(),
		"stale-tables.md":         staleTables(),
		"not-keeping-up.md":       notKeepingUp(),
	}
}

// TestRunbooks follows every page of docs/runbooks word by word.
func TestRunbooks(t *testing.T) {
	t.Parallel()
	all := scenes()
	pages, err := filepath.Glob(filepath.Join(root, "docs", "runbooks", "*.md"))
	require.NoError(t, err)
	for _, path := range pages {
		page := filepath.Base(path)
		if page == "README.md" {
			continue // says how to read the others
		}
		sc, known := all[page]
		require.True(t, known, "%s has no scene: a runbook that was never tried", page)
		delete(all, page)
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			resources := sc.resources
			if resources == "" {
				resources = runbookShop
			}
			newSite(t, resources).play(page, sc)
		})
	}
	require.Empty(t, all, "scenes without a page")
}

func (s *site) fault(rules ...sandbox.Rule) { require.NoError(s.t, s.sandbox.Script(rules...)) }
func (s *site) heal()                       { require.NoError(s.t, s.sandbox.SetFaults("")) }

func providerOutage() scene {
	return scene{
		before: func(s *site) {
			s.order(numbered("early", 3)...)
			s.await(6, "--status", "delivered")
			s.fault(sandbox.Rule{Provider: "meta", Do: sandbox.Unavailable})
			s.order(numbered("order", 5)...)
			s.await(11, "--status", "delivered") // at Google
		},
		hands: map[string]func(*site){
			"vi resources/acme.yaml # spec.delivery.retry_for: 72h": func(s *site) {
				s.edit("secret: file:acme-meta.json", "secret: file:acme-meta.json\n  delivery: {retry_for: 72h}")
			},
		},
		then: map[string]func(*site){"It is over when": (*site).heal},
		after: func(s *site) {
			s.await(16, "--status", "delivered")
			accepted, copies := s.taken()
			require.Equal(s.t, 8, accepted)
			require.Zero(s.t, copies)
		},
	}
}

func expiredToken() scene {
	return scene{
		before: func(s *site) {
			s.fault(sandbox.Rule{Provider: "meta", Do: sandbox.BadToken})
			s.order(numbered("order", 5)...)
			s.await(5, "--status", "delivered", "--destination", "acme-google")
		},
		hands: map[string]func(*site){
			"kubectl -n sluice apply -f secret-acme-meta.yaml": func(s *site) {
				s.heal()
				s.file("acme-meta.json", `{"access_token": "sandbox-meta-renewed"}`)
			},
		},
		after: func(s *site) {
			s.await(5, "--status", "delivered", "--destination", "acme-meta")
			accepted, copies := s.taken()
			require.Equal(s.t, 6, accepted, "one of them is the test event")
			require.Zero(s.t, copies)
		},
	}
}

func redisLoss() scene {
	return scene{
		before: func(s *site) {
			s.order(numbered("order", 3)...)
			s.await(6, "--status", "delivered")
			s.redis.set(true)
			s.order("waiting-1")
		},
		hands: map[string]func(*site){
			"kubectl -n sluice rollout restart statefulset/redis": func(s *site) {
				s.services.EmptyRedis()
				s.redis.set(false)
			},
		},
		after: func(s *site) {
			s.order(numbered("order", 3)...) // copies
			s.await(6, "--status", "duplicate")
			s.await(8, "--status", "delivered")
		},
	}
}

// missed leaves ten dead letters of an outage that is over. One of their
// subjects has revoked since.
func missed(s *site) {
	s.order(numbered("early", 2)...)
	s.await(4, "--status", "delivered")
	s.fault(sandbox.Rule{Provider: "meta", Do: sandbox.Unavailable})
	s.order(numbered("order", 10)...)
	s.await(10, "--status", "dead_lettered")
	s.heal()
	s.do("consent", "revoke", "--customer", "acme", "--subject", "s-order-10")
	s.file("orders.csv", "order_id,customer_id,value,currency\no-order-1,acme,10,EUR\no-order-10,acme,10,EUR\n")
}

func replayAfterOutage() scene {
	return scene{
		resources: strings.Replace(runbookShop, "secret: file:acme-meta.json", "secret: file:acme-meta.json\n  delivery: {retry_for: 1s}", 1),
		before:    missed,
		after: func(s *site) {
			s.await(11, "--status", "delivered", "--destination", "acme-meta")
			accepted, copies := s.taken()
			require.Equal(s.t, 11, accepted, "exactly what was missed and may leave")
			require.Zero(s.t, copies)
		},
	}
}

// carts is a mapping that nobody has agreed to.
const carts = `apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-meta-carts}
spec: {destination: acme-meta, event: cart.added, provider_event: AddToCart, lane: realtime}
---
`

func wrongMapping() scene {
	return scene{
		before: func(s *site) {
			s.order(numbered("early", 2)...)
			s.await(4, "--status", "delivered")
			s.while(func() {
				s.edit("provider_event: Purchase, lane: realtime", `provider_event: Purchase, lane: realtime, when: 'event.source == "shop"'`)
				s.do("apply", "-f", s.resources, "--author", "kim", "--reason", "spring campaign")
			})
			s.order(numbered("order", 5)...)
			s.await(5, "--reason", "mapping.condition")
			s.await(9, "--status", "delivered")
		},
		hands: map[string]func(*site){
			`vi resources/acme.yaml # when: 'event.source == "web"'`: func(s *site) { s.edit(`event.source == "shop"`, `event.source == "web"`) },
			"vi resources/acme.yaml # spec.active: false":            func(s *site) { s.edit("active: true", "active: false") },
			"vi resources/acme.yaml # without acme-meta-carts, spec.active: true": func(s *site) {
				s.edit("active: false", "active: true")
				s.edit(carts, "")
			},
		},
		then: map[string]func(*site){"It leaves and should not": func(s *site) {
			s.await(7, "--status", "delivered", "--destination", "acme-meta")
			s.while(func() {
				s.edit("apiVersion", carts+"apiVersion")
				s.do("apply", "-f", s.resources, "--author", "kim", "--reason", "carts too")
			})
			cart := strings.NewReplacer("transaction.purchase", "cart.added", "order", "cart").Replace(purchase("acme", "order-9", time.Now()))
			s.do("emit", "--file", s.file("cart.ndjson", cart))
			s.await(1, "--status", "delivered", "--event", "cart.added")
		}},
		after: func(s *site) {
			accepted, copies := s.taken()
			require.Equal(s.t, 8, accepted)
			require.Zero(s.t, copies)
		},
	}
}

func revocationRequest() scene {
	return scene{
		before: func(s *site) {
			s.order("visitor-17")
			s.await(2, "--status", "delivered")
			s.fault(sandbox.Rule{Provider: "meta", Do: sandbox.BadToken}) // so that something waits
			s.do("emit", "--file", s.file("second.ndjson", strings.ReplaceAll(purchase("acme", "second", time.Now()), "s-second", "s-visitor-17")))
			s.await(1, "--status", "parked")
		},
		then: map[string]func(*site){"It is over when": func(s *site) {
			s.heal()
			s.file("acme-meta.json", `{"access_token": "sandbox-meta-renewed"}`)
		}},
		after: func(s *site) {
			s.await(1, "--status", "revoked", "--event-id", "second")
			accepted, _ := s.taken()
			require.Equal(s.t, 1, accepted)
		},
	}
}

func addingACustomer() scene {
	globex := strings.NewReplacer("acme", "globex", "1234567890", "2234567890", "active: true", "active: true\n  mode: shadow").Replace(runbookShop)
	return scene{
		before: func(s *site) {
			s.file("resources/globex.yaml", globex)
			s.file("events.ndjson", purchase("globex", "sample-1", time.Now()))
		},
		hands: map[string]func(*site){
			"kubectl -n sluice apply -f secret-globex-meta.yaml": func(s *site) {
				s.file("globex-meta.json", `{"access_token": "sandbox-meta"}`)
				s.file("globex-google.json", `{"client_id": "sandbox", "client_secret": "sandbox", "refresh_token": "sandbox-google"}`)
			},
			"vi resources/globex.yaml # remove mode: shadow": func(s *site) {
				text := strings.ReplaceAll(globex, "\n  mode: shadow", "")
				s.file("resources/globex.yaml", text)
			},
		},
		then: map[string]func(*site){
			"Watch it decide": func(s *site) {
				s.restart()
				s.orders("globex", numbered("shadow", 2)...)
			},
			"It is over when": func(s *site) {
				s.restart()
				s.orders("globex", numbered("order", 3)...)
			},
		},
		after: func(s *site) { s.await(6, "--status", "delivered", "--customer", "globex") },
	}
}

func upgradeAndRollback() scene {
	return scene{
		before: func(s *site) {
			s.order(numbered("order", 2)...)
			s.await(4, "--status", "delivered")
		},
		hands: map[string]func(*site){
			"helm upgrade sluice deploy/helm/sluice -n sluice -f my-values.yaml --wait": (*site).restart,
			"helm rollback sluice -n sluice --wait":                                     (*site).restart,
			"kubectl -n sluice get pods":                                                func(*site) {},
		},
		then: map[string]func(*site){"It is over when": func(s *site) { s.order("after-1") }},
	}
}

func staleTables() scene {
	return scene{
		before: func(s *site) {
			s.order(numbered("order", 2)...)
			s.await(4, "--status", "delivered")
			client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...))
			require.NoError(s.t, err)
			defer client.Close()
			answers, err := kadm.NewClient(client).DeleteTopics(s.t.Context(), s.services.Name("sluice.consent"))
			require.NoError(s.t, err)
			require.NoError(s.t, answers.Error())
			s.until("the roles to notice", func() bool { return !s.ready() })
			s.order("waiting-1")
			s.file("consent.ndjson", `{"customer_id":"acme","subject_id":"gone","erased":true,"updated_at":"2026-11-01T10:00:00Z"}`+"\n")
		},
	}
}

func notKeepingUp() scene {
	return scene{
		resources: strings.Replace(runbookShop, "secret: file:acme-meta.json", "secret: file:acme-meta.json\n  delivery: {rate: 1/m}", 1),
		before: func(s *site) {
			s.order(numbered("order", 6)...)
			s.await(6, "--status", "delivered", "--destination", "acme-google")
		},
		hands: map[string]func(*site){
			"vi resources/acme.yaml # spec.delivery.rate: 200/s":                 func(s *site) { s.edit("rate: 1/m", "rate: 200/s") },
			"kubectl -n sluice scale deployment/sluice-sender-meta --replicas 4": func(*site) {},
			"kubectl -n sluice scale statefulset/sluice-router --replicas 4":     func(*site) {},
		},
	}
}

// A page with a mistake fails: the command, a flag, the exit code, the answer,
// a line of another tool.
func TestARunbookWithAMistakeFails(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))
	const page = "# Page\n\n## Look\n\n1. This:\n\n   ```console\n   $ sluice destinations acme-meta\n   acme-meta: ...\n     customer ... acme\n" +
		"   $ sluice trace nobody    # exit code 1\n   $ kubectl apply -f secret.yaml\n   ```\n"
	follow := func(text string) error {
		o := &operator{
			run: func(_ context.Context, args ...string) result { return s.run(args...) }, say: func(step, result) {}, dir: s.dir,
			hands: map[string]func() error{"kubectl apply -f secret.yaml": func() error { return nil }}, used: map[string]bool{}, patience: time.Millisecond,
		}
		parts, err := readRunbook("page.md", text)
		for _, p := range parts {
			err = errors.Join(err, o.follow(t.Context(), p))
		}
		return err
	}
	require.NoError(t, follow(page))
	for old, c := range map[string]struct{ wrong, says string }{
		"destinations acme-meta": {"destination acme-meta", "page.md:8: $ sluice destination acme-meta: exit code 2"},
		"acme-meta\n   acme":     {"acme-meta --outpt json\n   acme", "unknown flag"},
		"customer ... acme":      {"customer ... globex", "no line, or not in this place, such as\n  customer ... globex"},
		"exit code 1":            {"exit code 0", "page.md:11: $ sluice trace nobody: exit code 1 instead of 0"},
		"kubectl apply":          {"kubectl replace", "the test does not know it"},
		"```console":             {"```sh", "a block that is not tried"},
		"$ sluice destinations":  {"sluice destinations", "an answer without a command"},
	} {
		require.Contains(t, page, old)
		require.ErrorContains(t, follow(strings.Replace(page, old, c.wrong, 1)), c.says)
	}
}
