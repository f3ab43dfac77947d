package identity_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

func TestPlaceholdersAreNoValues(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", " ", "\t\n", "\u00a0", "\ufeff", "\u200b", "\u0085", "undefined", "UNDEFINED", " undefined ", "null", "NULL", "none", "None", "nil", "NaN", "nan", "n/a", "N/A",
		"(not set)", "(NOT SET)", "(none)", "not set", "[object Object]", "unknown", "Unknown", "test", "Test", "true", "false", "guest", "anonymous",
		"0", "00", "000000000", "0.0", "-", "--", "—", "–", ".", "_", "?", "...", "/", "-1", "\\N", "#N/A", "<nil>", "gclid", "order_id",
		"00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "00000000000000000000000000000000",
		"{{event_id}}", "{{ DLV - order id }}", "T-{{order_id}}", "{gclid}", "{order1}", "${order_id}", "order-${id}", "#{id}", "%GCLID%", "%%CLICK_ID%%", "<gclid>",
		"<%= id %>", "[[id]]", "[gclid]", "[CLICK_ID]", "$order_id", "__CLICKID__", "%7B%7Bgclid%7D%7D", "%7bgclid%7d",
		fmt.Sprintf("%x", sha256.Sum256(nil)), strings.ToUpper(fmt.Sprintf("%x", sha256.Sum256(nil))), fmt.Sprintf("%x", md5.Sum(nil)), fmt.Sprintf("%x", sha1.Sum(nil)),
		fmt.Sprintf("%x", sha256.Sum256([]byte("undefined"))), fmt.Sprintf("%x", sha256.Sum256([]byte("null"))), fmt.Sprintf("%x", sha256.Sum256([]byte("None"))),
	} {
		require.True(t, identity.Placeholder(identity.AnyField, s), "%q", s)
	}
}

func TestValuesAreNoPlaceholders(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"nullarbor-1", "undefined-1", "test1", "T-1", "1", "7", "x", "0001", "000000123", "100", "-2", "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
		"3f2504e0-4f89-11d3-9a0c-0305e82c3301", "Cj0KCQiAinvented_wcB", "GCL.1763650000.Cj0", "%3D1", "a%b", "__x1__", "$100", "[42]", "100%", "Zoë", "李", "нет", "💛",
		"nothing", "nobody", "latest", "attest", "order_id_1", fmt.Sprintf("%x", sha256.Sum256([]byte("jane@example.com"))),
	} {
		require.False(t, identity.Placeholder(identity.AnyField, s), "%q", s)
	}
}

func TestGarbledTextIsRecognised(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"": false, "ada": false, "zoë": false, "a\ufffd": true, "\xff": true, "zo\xc3": true, "李": false} {
		require.Equal(t, want, identity.Garbled([]byte(s)), "%q", s)
	}
}

// Some words for nothing are names of people and places.
func TestNamesThatLookLikePlaceholders(t *testing.T) {
	t.Parallel()
	null := fmt.Sprintf("%x", sha256.Sum256([]byte("null")))
	for _, c := range []struct {
		field identity.Field
		s     string
		want  bool
	}{
		{identity.FamilyName, "Null", false}, {identity.FamilyName, "None", false}, {identity.FamilyName, "Test", false}, {identity.FamilyName, "Na", false}, {identity.FamilyName, null, false},
		{identity.FamilyName, "undefined", true}, {identity.FamilyName, "(not set)", true}, {identity.FamilyName, "-", true}, {identity.FamilyName, "Unknown", true}, {identity.FamilyName, "{{last_name}}", true},
		{identity.GivenName, "Nan", false}, {identity.GivenName, "Nil", false}, {identity.GivenName, "null", true}, {identity.GivenName, "undefined", true}, {identity.GivenName, null, true}, {identity.GivenName, "0", true},
		{identity.Place, "None", false}, {identity.Place, "Nan", false}, {identity.Place, "N/A", true}, {identity.Place, "unknown", true},
	} {
		require.Equal(t, c.want, identity.Placeholder(c.field, c.s), "%d %q", c.field, c.s)
	}
}

func TestPlaceholderAllocatesNothing(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for _, s := range []string{"undefined", "T-1001", "550e8400-e29b-41d4-a716-446655440000", "Cj0KCQiAinvented_wcB", "(not set)"} {
			identity.Placeholder(identity.AnyField, s)
		}
	}))
}

// A value with something of its own at either end is never a placeholder, and
// case and white space around one change nothing.
func FuzzPlaceholder(f *testing.F) {
	for _, s := range []string{"undefined", "{{a}}", "0", "\u200b", "%7B", "[a]", "\xff", "{", "$", "__A__"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for field := identity.AnyField; field <= identity.Place; field++ {
			got := identity.Placeholder(field, s)
			if identity.Placeholder(field, " "+s+"\t") != got {
				t.Fatalf("%q: white space matters", s)
			}
			if got && !identity.Placeholder(identity.AnyField, s) {
				t.Fatalf("%q: a field only excepts", s)
			}
		}
		if len(s) < 30 && !strings.ContainsAny(s, "%{[<$#") && identity.Placeholder(identity.AnyField, "a1b2"+s+"c3d4") {
			t.Fatalf("%q", s)
		}
	})
}
