package identity_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// A subject's hash is what the standard library's HMAC gives, for keys of any
// length: whoever holds the key can find a person's decisions with it.
func TestSubjectIsHMAC(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "key")
		customer, subject := rapid.SampledFrom([]string{"", "acme", strings.Repeat("c", 600)}).Draw(t, "customer"), rapid.StringN(1, 40, -1).Draw(t, "subject")
		mac := hmac.New(sha256.New, key)
		for _, part := range []string{customer, subject} {
			mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			mac.Write([]byte(part))
		}
		p := identity.NewPseudonym("k1", key)
		require.Equal(t, hex.EncodeToString(mac.Sum(nil)[:16]), p.Subject(customer, identity.NewRaw(subject)))
	})
}

func TestPseudonymsWithoutASubjectOrKeyAreEmpty(t *testing.T) {
	t.Parallel()
	p, none := identity.NewPseudonym("k1", []byte("key")), identity.NewPseudonym("k1", nil)
	require.Empty(t, p.Subject("acme", identity.Raw{}))
	require.Empty(t, none.Subject("acme", identity.NewRaw("s")))
	require.Empty(t, p.ID(""))
	require.Regexp(t, "^hashed:[0-9a-f]{32}$", p.ID("ann@x.example"))
	require.Equal(t, "k1", p.KeyID())
}

func TestAPseudonymAllocatesItsTextAlone(t *testing.T) {
	p, subject := identity.NewPseudonym("k1", []byte("key")), identity.NewRaw("subject-1")
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { p.Subject("acme", subject) }), 1.0)
}
