package cli_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReconcile: every order of the backend is delivered, not delivered for a
// reason, or unknown.
func TestReconcile(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	p.start()
	p.do("consent", "erase", "--customer", "acme", "--subject", "s-r-2")
	p.emit("acme", "r-", 3) // orders o-r-1 to o-r-3, 10 EUR each
	p.await(2, "--status", "delivered")
	p.await(1, "--reason", "consent.erased")
	file := p.file("orders.csv", "\ufefforder_id;customer_id;value;currency\no-r-1;acme;10.00;EUR\no-r-2;acme;10;EUR\no-r-3;acme;12.50;EUR\no-r-4;acme;1;EUR\no-r-4;acme;1;EUR\n")

	text := p.do("reconcile", "--orders", file, "--since", "1h", "--list")
	require.Regexp(t, `- +unknown +1 +0\s+acme-meta +delivered +delivered +2 +1\s+acme-meta +not delivered +consent.erased +1 +0`, text)
	require.Regexp(t, `o-r-2 +acme-meta +not delivered +consent.erased\s+o-r-4 +- +unknown`, text)
	require.Contains(t, text, "4 orders read")
	got := unjson(t, p.do("reconcile", "--orders", file, "--output", "json"))
	require.Len(t, got["orders"], 4)

	for name, c := range map[string]struct{ text, says string }{
		"header": {"a,b\n1,2\n", "no column is called"}, "empty": {"transaction_id,value\n,1\n", "transaction_id is empty"},
		"value": {"transaction_id,value\no-1,ten\n", "not a number"}, "nothing": {"", "reading the header"},
	} {
		got := p.command("reconcile", "--orders", p.file(name+".csv", c.text))
		require.Equal(t, 2, got.code, name)
		require.Contains(t, got.stderr, c.says)
	}
	wrong := p.command("reconcile", "--orders", file, "--destination", "acme-mata")
	require.Equal(t, 2, wrong.code)
	require.Contains(t, wrong.stderr, "did you mean acme-meta?")
}
