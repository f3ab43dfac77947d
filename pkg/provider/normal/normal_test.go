package normal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// One address has another form, and so another digest, at several providers.
func TestEmailForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ form, in, want string }{
		{resource.EmailPlain, "A.b+c@Gmail.com", "a.b+c@gmail.com"},
		{resource.EmailNoSpace, "A. b+c@Gmail.com", "a.b+c@gmail.com"},
		{resource.EmailGmailDots, "A.b+c@Gmail.com", "ab+c@gmail.com"},
		{resource.EmailGmailDots, "A.b+c@mail.example", "a.b+c@mail.example"},
		{resource.EmailGmailTag, "A.b+c@googlemail.com", "ab@googlemail.com"},
		{resource.EmailGmailTag, "A.b+c@mail.example", "a.b+c@mail.example"},
		{resource.EmailAllTag, "A.b+c@mail.example", "ab@mail.example"},
		{resource.EmailPlain, "JOSÉ@example.es", "josé@example.es"},
		{resource.EmailPlain, "a b@mail.example", ""},
		{resource.EmailGmailTag, "+c@gmail.com", ""},
		{resource.EmailAllTag, "...@mail.example", ""},
		{resource.EmailPlain, "a@b@mail.example", ""},
		{resource.EmailPlain, "@mail.example", ""},
		{resource.EmailPlain, "a@mail", ""},
		{resource.EmailPlain, "a@mail..example", ""},
		{resource.EmailPlain, "a@.example", ""},
		{resource.EmailPlain, "a@mail.", ""},
		{resource.EmailPlain, "a@\xff.example", ""},
	} {
		field := normal.EmailField(c.form)
		got, why := field.Append([]byte("x"), c.in, &normal.Hints{})
		if c.want == "" {
			require.Equal(t, event.NoteInvalid, why, "%s of %s", c.form, c.in)
			require.Equal(t, "x", string(got))
			continue
		}
		require.Empty(t, why, "%s of %s", c.form, c.in)
		require.Equal(t, "x"+c.want, string(got), "%s of %s", c.form, c.in)
	}
}

// A digest is passed on only in the provider's own form.
func TestDigestsFromOutside(t *testing.T) {
	t.Parallel()
	hex := func(s string) string {
		h := identity.Hash([]byte(s))
		return string(h.AppendHex(nil))
	}
	digest := func(f normal.Field, s string, from resource.Prehashed) (string, event.NoteCode) {
		var h identity.Hashed
		_, why := f.Digest(&h, nil, identity.NewRaw(s), &normal.Hints{Prehashed: from, PhoneCountry: "DE"})
		if why != "" {
			return "", why
		}
		return string(h.AppendHex(nil)), ""
	}
	plus, digits := normal.PhoneField(resource.PhoneE164), normal.PhoneField(resource.PhoneDigits)
	got, _ := digest(plus, "0151 23456789", resource.Prehashed{})
	require.Equal(t, hex("+4915123456789"), got)
	got, _ = digest(digits, "0151 23456789", resource.Prehashed{})
	require.Equal(t, hex("4915123456789"), got)

	ready := hex("+4915123456789")
	got, why := digest(plus, ready, resource.Prehashed{Phone: resource.PhoneE164})
	require.Empty(t, why)
	require.Equal(t, ready, got)
	for _, from := range []resource.Prehashed{{}, {Phone: resource.PhoneDigits}} {
		_, why = digest(plus, ready, from)
		require.Equal(t, event.NoteDigestForm, why)
	}
	_, why = digest(normal.EmailField(resource.EmailPlain), hex("ab@mail.example"), resource.Prehashed{Email: resource.EmailAllTag})
	require.Equal(t, event.NoteDigestForm, why, "dots may be somebody else's")
	_, why = digest(normal.EmailField(resource.EmailAllTag), hex("ab@mail.example"), resource.Prehashed{Email: resource.EmailPlain})
	require.Empty(t, why)

	_, why = digest(normal.EmailField(resource.EmailPlain), "0cc175b9c0f1b6a831c399e269772661", resource.Prehashed{})
	require.Equal(t, event.NoteOtherDigest, why)
	_, why = digest(normal.IDField(normal.Lower), "0cc175b9c0f1b6a831c399e269772661", resource.Prehashed{})
	require.Empty(t, why, "an id of the customer's own may look like any digest")
	_, why = digest(normal.IDField(normal.AsIs), "undefined", resource.Prehashed{})
	require.Equal(t, event.NotePlaceholder, why)
	_, why = digest(normal.TextField(identity.GivenName, normal.Name), hex("null"), resource.Prehashed{})
	require.Equal(t, event.NotePlaceholder, why)
}
