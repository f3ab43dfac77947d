package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// What identifies a person or opens a door stays out also as a part of an id,
// and in free text however it is written.
func TestPartsAndDisguises(t *testing.T) {
	t.Parallel()
	web := "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
	for _, c := range []struct {
		text    string
		inID    identity.Suspect
		inTexts identity.Suspect
	}{
		{"+4915123456789_1700000000", identity.SuspectPhone, identity.SuspectPhone},
		{"lead-+4915123456789", identity.SuspectPhone, identity.SuspectPhone},
		{"call +49 151 23456789", identity.SuspectPhone, identity.SuspectPhone},
		{"tel4915123456789", identity.SuspectPhone, identity.SuspectPhone},
		{"4111 1111 1111 1111/1", identity.SuspectCard, identity.SuspectCard},
		{"4111111111111111-1", identity.SuspectCard, identity.SuspectCard},
		{"cc:4111111111111111", identity.SuspectCard, identity.SuspectCard},
		{"4111_1111_1111_1111", identity.SuspectCard, identity.SuspectCard},
		{"order-" + web, identity.SuspectToken, identity.SuspectToken},
		{"order-sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc", identity.SuspectToken, identity.SuspectToken},
		{"Bearer abcdefgh1234", identity.SuspectToken, identity.SuspectToken},
		{"bearer\nabcdefgh1234", identity.SuspectToken, identity.SuspectToken},
		{"-----BEGIN " + "PRIVATE KEY-----", identity.SuspectToken, identity.SuspectToken},
		{"lead:DE89 3704 0044 0532 0130 00", identity.SuspectIBAN, identity.SuspectIBAN},
		{"order-RSSMRA85T10A562S-1", identity.SuspectNationalID, identity.SuspectNationalID},
		{"12345678Z", identity.NotSuspect, identity.SuspectNationalID},
		{"jane&#64;mail.example", identity.SuspectEmail, identity.SuspectEmail},
		{`jane\u0040mail.example`, identity.SuspectEmail, identity.SuspectEmail},
		{"jane+AEA-mail.example", identity.SuspectEmail, identity.SuspectEmail},
		{"jane＠mail。example", identity.SuspectEmail, identity.SuspectEmail},
		{`"canary jane"@mail.example`, identity.SuspectEmail, identity.SuspectEmail},
		{"jane [at] mail [dot] example", identity.SuspectEmail, identity.SuspectEmail},
		{"order:amFuZUBtYWlsLmV4YW1wbGU", identity.SuspectEmail, identity.SuspectEmail},
		{"+49\t151,23456789", identity.SuspectPhone, identity.SuspectPhone},
		{"＋４９１５１２３４５６７８９", identity.SuspectPhone, identity.SuspectPhone},
		{strings.Repeat("%25", 3) + strings.Repeat("25", 20) + "40", identity.SuspectHidden, identity.SuspectHidden},
		{"Basic Sweatshirt navy", identity.NotSuspect, identity.NotSuspect},
		{"ISBN 978-3-16-148410-0", identity.NotSuspect, identity.NotSuspect},
		{"NO1795251600123", identity.NotSuspect, identity.NotSuspect},
		{"153½ (173) cm", identity.NotSuspect, identity.NotSuspect},
	} {
		require.Equal(t, c.inID, identity.LookID(c.text), "id %q", c.text)
		require.Equal(t, c.inTexts, identity.Look(c.text), "text %q", c.text)
		if c.inTexts != identity.NotSuspect {
			require.NotContains(t, identity.Redact(c.text), c.text)
		}
	}
}

// Text of any form is judged in time that grows with its length alone. A search
// that begins anew at every byte would take hours here, and the test its limit.
func TestTimeIsBounded(t *testing.T) {
	t.Parallel()
	const size = 256 << 10
	for _, part := range []string{
		"a", "1", " ", "@", "%40", "%2540", "a@", "a@b", "\"a\"@", "1 ", "12 ", "00 ", "1234 ", "1234-", "+", "+1", "a+1234567", "tel1", "(", "[ ", "( at", " at ", " dot ", "&", "&#64", "&#64;", `\`, `\u0040`,
		"=40", "+A", "+AEA-", "eyJ-", "eyJ", "sk-", "EAA-", "bearer ", "basic ", "=", "= ", "pwd=", "DE89", "DE89 ", "X1234567", "756.1234.", "ａ", "\u200b", "½", "QUFB", "616161", "MFRGG", "\xff", "%25",
	} {
		s := strings.Repeat(part, size/len(part))
		identity.LookID(s)
		identity.Look(s)
	}
}
