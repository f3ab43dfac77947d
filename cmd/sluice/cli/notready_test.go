package cli_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNotReady: what is not there has its own exit code, and the message says
// what to do.
func TestNotReady(t *testing.T) {
	t.Parallel()
	nobody := closedPort(t)
	s := newStage(t)
	events := s.file("events.ndjson", goodEvent+"\n")
	resources := s.file("shop.yaml", shop)
	orders := s.file("orders.csv", "order_id\no-1\n")
	brokers := s.flags()[:2]
	registry := s.flags()[2:4]
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"Kafka down, topology":         {[]string{"topology", "diff", "--brokers", nobody}, "kafka.brokers (--brokers)"},
		"Kafka down, apply":            {append([]string{"apply", "-f", resources, "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, tail":             {append([]string{"tail", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, trace":            {append([]string{"trace", "e1", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, health":           {append([]string{"health", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, history":          {append([]string{"history", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, test-event":       {append([]string{"test-event", "--destination", "acme-meta", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, dlq":              {append([]string{"dlq", "summary", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, replay":           {append([]string{"replay", "--since", "1h", "--customer", "acme", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, consent":          {append([]string{"consent", "get", "--customer", "acme", "--subject", "s", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, claims":           {append([]string{"claims", "rebuild", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, data-flow":        {append([]string{"data-flow", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, reconcile":        {append([]string{"reconcile", "--orders", orders, "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"Kafka down, export":           {append([]string{"export", "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"topics missing, history":      {append([]string{"history"}, s.flags()...), "sluice topology apply"},
		"topics missing, test-event":   {append([]string{"test-event", "--destination", "acme-meta"}, s.flags()...), "sluice topology apply"},
		"topics missing, health":       {append([]string{"health"}, s.flags()...), "sluice topology apply"},
		"topics missing, destinations": {append([]string{"destinations"}, s.flags()...), "sluice topology apply"},
		"topics missing, trace":        {append([]string{"trace", "e1"}, s.flags()...), "sluice topology apply"},
		"Kafka down, emit":             {append([]string{"emit", "--file", events, "--brokers", nobody}, registry...), "kafka.brokers (--brokers)"},
		"topics missing, apply": {
			append([]string{"apply", "-f", resources}, s.flags()...), "sluice topology apply",
		},
		"topics missing, export": {append([]string{"export"}, s.flags()...), "sluice topology apply"},
		"topics missing, tail":   {append([]string{"tail", "--no-follow"}, s.flags()...), "sluice topology apply"},
		"registry down, emit": {
			append([]string{"emit", "--file", events, "--registry", "http://" + nobody}, brokers...), "registry.url (--registry)",
		},
		"registry down, schemas": {[]string{"schemas", "check", "--registry", "http://" + nobody}, "registry.url (--registry)"},
		"registry down, register": {
			[]string{"schemas", "register", "--timeout", "0", "--registry", "http://" + nobody}, "registry.url (--registry)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.with(t.Context(), strings.NewReader(""), c.args...)
			require.Equal(t, 3, got.code, got.stderr)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, c.says)
		})
	}
}

// closedPort is an address where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}
