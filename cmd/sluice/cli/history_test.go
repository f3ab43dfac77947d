package cli_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/test/patience"
)

type historyJSON struct {
	Changes []struct {
		AppliedAt  string `json:"applied_at"`
		Author     string
		Reason     string
		Effects    []string
		OldestHeld []string `json:"oldest_held"`
		Unreadable []string
		Changes    []struct {
			Verb, Kind, Name string
			Details          []string
		}
	}
	More        int
	KeptSeconds int `json:"kept_seconds"`
}

func (s *stage) history(args ...string) historyJSON {
	s.t.Helper()
	var h historyJSON
	decode(s.t, s.ok(append([]string{"history", "--output", "json"}, args...)...), &h)
	return h
}

// TestHistory: everything that apply wrote can be told, with who, when and why,
// in the words of diff.
func TestHistory(t *testing.T) {
	t.Parallel()
	s := ready(t)
	require.Contains(t, s.ok("history"), "no change is held")
	file := s.file("shop.yaml", shop)
	s.ok("apply", "-f", file, "--author", "mia@acme.example", "--reason", "launch")
	paused := s.file("paused.yaml", strings.Replace(shop, "  active: true\n", "  active: true\n  paused: true\n", 1))
	s.ok("apply", "-f", paused, "--author", "leo@acme.example", "--reason", "the token leaked")
	without := s.file("without.yaml", strings.Replace(shop, "    cart.added: {provider_event: AddToCart}\n", "", 1))
	s.ok("apply", "-f", without, "--author", "mia@acme.example")

	all := s.history()
	require.Len(t, all.Changes, 3)
	require.Equal(t, 90*24*3600, all.KeptSeconds)
	launch, leak, last := all.Changes[2], all.Changes[1], all.Changes[0]
	require.Equal(t, "mia@acme.example", launch.Author)
	require.Equal(t, "launch", launch.Reason)
	require.NotEmpty(t, launch.AppliedAt)
	require.Empty(t, launch.OldestHeld, "it is young enough to be known as the first")
	require.Len(t, launch.Changes, 3)
	require.Equal(t, "create", launch.Changes[0].Verb)
	require.Contains(t, launch.Effects, "started sending cart.added to acme-meta as AddToCart")
	require.Equal(t, "the token leaked", leak.Reason)
	require.Equal(t, []string{"spec.paused: (default) -> true"}, leak.Changes[0].Details)
	require.Contains(t, leak.Effects[0], "stopped sending")
	verbs := map[string]string{}
	for _, c := range last.Changes {
		verbs[c.Name] = c.Verb
	}
	require.Equal(t, map[string]string{
		"acme-meta": "change", "acme-web": "create", "acme-web/acme-meta/cart.added": "remove", "acme-web/acme-meta/transaction.purchase": "remove",
	}, verbs, "a document with one event is one record of its own name")
	require.Contains(t, last.Effects, "started sending transaction.purchase to acme-meta as Purchase")

	one := s.history("acme-meta")
	require.Len(t, one.Changes, 3)
	require.Len(t, one.Changes[2].Changes, 1, "its mappings were not asked for")
	require.Len(t, s.history("acme-meta", "--mappings").Changes[2].Changes, 3)
	require.Len(t, s.history("acme-web").Changes, 2, "a document's records")
	require.Len(t, s.history("acme-web/acme-meta/cart.added").Changes, 2, "one that is gone")
	require.Len(t, s.history("--kind", "mapping").Changes, 2)
	require.Len(t, s.history("--since", "1h").Changes, 3)
	require.Empty(t, s.history("--since", "2999-01-01T00:00:00Z").Changes)
	limited := s.history("--limit", "1")
	require.Len(t, limited.Changes, 1)
	require.Equal(t, 2, limited.More)

	text := s.ok("history", "acme-meta", "--limit", "2")
	require.Contains(t, text, "leo@acme.example")
	require.Contains(t, text, "why: the token leaked")
	require.Contains(t, text, "changed destination acme-meta\n    spec.paused: (default) -> true")
	require.Contains(t, text, "why: no reason was given")
	require.Contains(t, text, "1 earlier change not shown")
	require.Contains(t, text, "held for at least 90 days")
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 80, line)
	}

	for args, says := range map[string]string{
		"acme-mta": "did you mean acme-meta?", "zzzzzz": "nothing is known of a resource called zzzzzz",
		"--kind table": "want destination, mapping or policy", "--limit -1": "--limit", "--since yesterday": "--since",
	} {
		got := s.run(append([]string{"history"}, strings.Fields(args)...)...)
		require.Equal(t, 2, got.code, args)
		require.Contains(t, got.stderr, says)
	}
	offered := s.with(t.Context(), strings.NewReader(""), append(append([]string{"__complete", "history"}, s.flags()...), "")...)
	require.Contains(t, offered.stdout, "acme-web/acme-meta/transaction.purchase")
}

// TestHistoryOfCompactedTopics says what it cannot know: what the oldest
// version changed that is held, who wrote without headers, and what this build
// cannot read.
func TestHistoryOfCompactedTopics(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop), "--reason", "launch")
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...))
	require.NoError(t, err)
	defer client.Close()
	topic := s.services.Name("sluice.destinations")
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte("acme-meta"), Value: []byte("junk")}).FirstErr())
	admin := kadm.NewClient(client)
	_, err = admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{
		{Op: kadm.SetConfig, Name: "min.compaction.lag.ms", Value: kadm.StringPtr("0")},
	}, topic)
	require.NoError(t, err)
	patience.Until(t, "the setting to show", func() bool { // a real cluster shows a change some milliseconds later
		configs, err := admin.DescribeTopicConfigs(t.Context(), topic)
		if err != nil {
			return false
		}
		for _, c := range configs[0].Configs {
			if c.Key == "min.compaction.lag.ms" {
				return c.MaybeValue() == "0"
			}
		}
		return false
	})

	h := s.history("acme-meta")
	require.Len(t, h.Changes, 2)
	require.Zero(t, h.KeptSeconds)
	require.Equal(t, []string{"Destination acme-meta"}, h.Changes[1].OldestHeld)
	require.Empty(t, h.Changes[1].Effects)
	require.Len(t, h.Changes[0].Unreadable, 1)
	text := s.ok("history", "acme-meta")
	require.Contains(t, text, "nobody is named")
	require.Contains(t, text, "cannot read")
	require.Contains(t, text, "Old versions may go at any time")
	require.Contains(t, text, "what they changed is not known")
}
