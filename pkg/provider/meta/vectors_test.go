package meta_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

type vector struct {
	Field, Input, Kind, Normalized, SHA256 string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/identifier_vectors.json")
	require.NoError(t, err)
	var list []vector
	require.NoError(t, json.Unmarshal(raw, &list))
	require.Greater(t, len(list), 1000)
	for i := range list {
		list[i] = decided(list[i])
	}
	return list
}

var hints = meta.Hints{Now: now, Prehashed: resource.Prehashed{Phone: resource.PhoneDigits}}

// fields are the keys some of whose placeholders are names.
var fields = map[string]identity.Field{"fn": identity.GivenName, "ln": identity.FamilyName, "ct": identity.Place, "st": identity.Place}

// decided gives the answer where ours differs from the library's: a national number
// of no known country is nobody's, and what is not SHA-256 is no digest.
func decided(v vector) vector {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, v.Input)
	switch {
	case v.Field == "ph" && v.Kind == "normalize" && !strings.Contains(v.Input, "+") && !strings.HasPrefix(digits, "00"):
		number, err := phonenumbers.Parse("+"+v.Normalized, "")
		if digits[0] == '0' || err != nil || !phonenumbers.IsValidNumber(number) {
			v.Kind = "reject"
		}
	case v.Kind == "already_hashed" && v.Field == "external_id" && len(v.Input) == 32:
		v.Kind, v.SHA256 = "normalize", sha(strings.ToLower(v.Input)) // an id like any other
	case v.Kind == "already_hashed" && v.Field != "external_id" && (len(v.Input) == 32 || len(v.Input) > 32 && v.Input[32] == '.'),
		identity.Placeholder(fields[v.Field], v.Input),
		strings.HasPrefix(v.Input, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"):
		v.Kind = "reject"
	}
	return v
}

// countriesRead are rows that Meta's library drops, because its table of names
// lacks them, and that are countries all the same. They are read as consent
// reads them: one text must not be a country for one gate and none for another.
var countriesRead = map[string]string{"Germánia": "de", "Japão": "jp", "DEU": "de", "Czechia": "cz"}

// asRead is a vector with what a country of countriesRead gives.
func asRead(v vector) vector {
	if code, ok := countriesRead[v.Input]; ok && v.Field == "country" {
		v.Kind, v.Normalized, v.SHA256 = "normalize", code, sha(code)
	}
	return v
}

// Every row of the collected reference values must come out of Normalise.
func TestNormaliseAgreesWithEveryVector(t *testing.T) {
	for _, v := range vectors(t) {
		v = asRead(v)
		hashed, form := meta.Normalise(v.Field, identity.NewRaw(v.Input), hints)
		got := string(hashed.AppendHex(nil))
		switch v.Kind {
		case "normalize":
			require.Equal(t, meta.Normalised, form, "%s %q", v.Field, v.Input)
			require.Equal(t, v.SHA256, got, "%s %q should be %q", v.Field, v.Input, v.Normalized)
		case "already_hashed":
			require.Equal(t, meta.PassedOn, form, "%s %q", v.Field, v.Input)
			require.Equal(t, v.Normalized, got)
		case "reject":
			require.Equal(t, meta.Dropped, form, "%s %q gave %s", v.Field, v.Input, got)
		default:
			t.Fatalf("unknown kind %q", v.Kind)
		}
	}
}

// The same rows through a whole event: what stands in user_data is the digest,
// and the value itself stands nowhere.
func TestBuildAgreesWithEveryVector(t *testing.T) {
	for _, v := range vectors(t) {
		v = asRead(v)
		ev := webEvent()
		ev.Identity = event.Identity{Emails: []identity.Raw{identity.NewRaw("anchor@example.com")}}
		if !setIdentity(ev, v.Field, v.Input) {
			continue
		}
		built := build(t, newRoute(t, "Purchase", func(d *resource.Destination, _ *resource.Mapping) { d.Prehashed = hints.Prehashed }), ev)
		require.Zero(t, built.IdentifierReason, "%s %q", v.Field, v.Input)
		var out struct {
			UserData map[string]any `json:"user_data"`
		}
		require.NoError(t, json.Unmarshal(built.Fragment, &out))
		list, _ := out.UserData[v.Field].([]any)
		switch want := v.SHA256; v.Kind {
		case "already_hashed":
			require.Equal(t, []any{v.Normalized}, list, v.Input)
		case "normalize":
			require.Equal(t, []any{want}, list, "%s %q", v.Field, v.Input)
			if len(v.Input) > 6 {
				require.NotContains(t, string(built.Fragment), v.Input)
			}
		default:
			require.Empty(t, list, "%s %q", v.Field, v.Input)
		}
	}
}

func setIdentity(ev *event.Event, field, value string) bool {
	id, raw := &ev.Identity, identity.NewRaw(value)
	switch field {
	case "em":
		id.Emails = []identity.Raw{raw}
		id.Phones = []identity.Raw{identity.NewRaw("+16505551212")}
	case "ph":
		id.Phones = []identity.Raw{raw}
	case "fn":
		id.FirstName = raw
	case "ln":
		id.LastName = raw
	case "db":
		id.DateOfBirth = raw
	case "ge":
		id.Gender = raw
	case "ct":
		id.City = raw
	case "st":
		id.Region = raw
	case "zp":
		id.PostalCode = raw
	case "country":
		id.Country = raw
	case "external_id":
		id.ExternalIDs = []identity.Raw{raw}
	default:
		return false
	}
	return true
}

func TestClickVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/click_vectors.json")
	require.NoError(t, err)
	var list []struct {
		Kind, Input, Host, Expected string
		Payload                     *string
		Valid                       bool
		Query                       map[string]string
		Cookie                      *string `json:"cookie_fbc"`
		Referer                     *string
	}
	require.NoError(t, json.Unmarshal(raw, &list))
	for _, v := range list {
		switch v.Kind {
		case "fbc_parse", "fbp_parse":
			id, ok := meta.ParseBrowserID(v.Input)
			require.Equal(t, v.Valid, ok, v.Input)
			if v.Payload != nil {
				require.Equal(t, *v.Payload, id.Payload)
			}
		case "fbc_build":
			c := meta.Click{PageURL: v.Host, Seen: 1757700000000}
			for k, val := range v.Query {
				c.PageURL = v.Host + "/?" + k + "=" + val
			}
			if v.Cookie != nil {
				c.Cookie = identity.NewRaw(*v.Cookie)
			}
			if v.Referer != nil {
				c.Referrer = *v.Referer
			}
			got, ok := meta.AppendFbc(nil, c)
			want := strings.ReplaceAll(v.Expected, "{now_ms}", "1757700000000")
			want = strings.TrimSuffix(strings.TrimSuffix(want, ".{appendix_modified}"), ".{appendix_net_new}")
			require.Equal(t, want != "", ok, v.Host)
			require.Equal(t, want, string(got))
		case "appendix":
			_, ok := meta.ParseBrowserID("fb.1.1596403881668.AbC." + v.Expected)
			require.True(t, ok, "the mark is understood")
			_, form := meta.Normalise("em", identity.NewRaw(strings.Repeat("ab", 32)+"."+v.Expected), hints)
			require.Equal(t, meta.PassedOn, form)
		default:
			t.Fatalf("unknown kind %q", v.Kind)
		}
	}
}

// now is 21 November 2026.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMilli()
