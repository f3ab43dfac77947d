package sandbox_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

// patched is a base event with a merge patch.
func patched(t testing.TB, base, patch string) string {
	t.Helper()
	return format(t, merge(parse(t, metaBases[base]), parse(t, patch)))
}

// Every key that Meta wants hashed, in every form that is not a hash of its.
func TestMetaTakesHashesOnlyInTheirForm(t *testing.T) {
	r := start(t, sandbox.Config{})
	raw := map[string]string{
		"em": "jane@example.com", "ph": "4915123456789", "fn": "jane", "ln": "doe", "db": "19901231", "ge": "f", "ct": "berlin",
		"st": "ca", "zp": "10115", "country": "de", "f5first": "jane", "f5last": "doe", "fi": "j", "dobd": "31", "dobm": "12", "doby": "1990",
	}
	for key, value := range raw {
		for _, bad := range []string{
			value, strings.ToUpper(emHash), emHash[:63], emHash + "0", emHash[:32], "sha256:" + emHash, " " + emHash, emHash + ".x", emHash + ".aq",
			"g" + emHash[1:], "UJ6TMBm7KFoTSpM0uLtnnf950M4CPVKa9L10TUe0/Yo=",
		} {
			one := patched(t, "website", fmt.Sprintf(`{"user_data":{%q:%q}}`, key, bad))
			require.Equal(t, "100/2804016", metaReason(t, r.meta(metaBody(one))), "%s %q", key, bad)
			among := patched(t, "website", fmt.Sprintf(`{"user_data":{%q:[%q,%q]}}`, key, phHash, bad))
			require.Equal(t, "100/2804016", metaReason(t, r.meta(metaBody(among))), "%s among others", key)
		}
		for _, good := range []string{emHash, emHash + ".AQQCAQAB", emHash + ".Bg"} {
			event := patched(t, "website", fmt.Sprintf(`{"user_data":{%q:[%q]}}`, key, good))
			require.Equal(t, "200", metaReason(t, r.meta(metaBody(event))), "%s %q", key, good)
		}
		for _, bad := range []string{`[]`, `""`, `[""]`, `null`, `[null]`, `7`, `{}`, `[["` + emHash + `"]]`, `true`} {
			event := strings.Replace(metaBases["website"], `"user_data":{`, fmt.Sprintf(`"user_data":{%q:%s,`, key, bad), 1)
			if key == "em" || key == "ph" {
				event = regexp.MustCompile(`"`+key+`":\["[0-9a-f]{64}"\],`).ReplaceAllString(event, "")
			}
			require.Equal(t, "100", metaReason(t, r.meta(metaBody(event))), "%s %s", key, bad)
		}
	}
}

// Keys that are never hashed, ids that are numbers, and what only looks so.
func TestMetaTakesClearValuesOnlyInTheirForm(t *testing.T) {
	r := start(t, sandbox.Config{})
	for key, c := range map[string]struct{ good, bad []string }{
		"client_ip_address": {[]string{`"203.0.113.7"`, `"2001:db8::1"`, `"203.0.113.7.AQQCAQAB"`},
			[]string{`"203.0.113.7:80"`, `"[2001:db8::1]"`, `"fe80::1%eth0"`, `" 203.0.113.7"`, `"203.0.113"`, `"localhost"`, `["203.0.113.7"]`, `""`, `7`}},
		"client_user_agent": {[]string{`"Mozilla/5.0"`}, []string{`""`, `" "`, `["Mozilla"]`, `"` + emHash + `"`}},
		"subscription_id":   {[]string{`"S-1"`}, []string{`"` + emHash + `"`, `7`}},
		"anon_id":           {[]string{`"anon-1"`}, []string{`"` + emHash + `"`}},
		"madid":             {[]string{`"38400000-8cf0-11bd-b23e-10b96e40000d"`}, []string{`"` + emHash + `"`, `[]`}},
		"fb_login_id":       {[]string{`1`, `9007199254740993`}, []string{`"1"`, `0`, `-1`, `1.5`, `1e3`}},
		"lead_id":           {[]string{`123456789012345`, `12345678901234567`}, []string{`"123456789012345"`, `12345678901234`, `123456789012345678`, `123456789012345.0`}},
		"page_id":           {[]string{`"1"`}, []string{`1`, `""`, `"` + emHash + `"`}},
		"external_id":       {[]string{`"customer-77"`, `["a","b"]`, `"` + emHash + `"`}, []string{`""`, `[]`, `77`}},
	} {
		for _, v := range c.good {
			require.Equal(t, "200", metaReason(t, r.meta(metaBody(withUserKey(key, v)))), "%s %s", key, v)
		}
		for _, v := range c.bad {
			require.Equal(t, "100", metaReason(t, r.meta(metaBody(withUserKey(key, v)))), "%s %s", key, v)
		}
	}
	for _, key := range []string{"fbc", "fbp"} {
		for _, v := range []string{"fb.1.1554763741205.AbC", "fb.0.1.a", "fb.1.1554763741205.AbC.AQQCAQAB", "fb.1.1554763741205.AbC.Bg", "fb.1.1554763741205.IwAR0_aem_x-Y"} {
			require.Equal(t, "200", metaReason(t, r.meta(metaBody(withUserKey(key, `"`+v+`"`)))), "%s %s", key, v)
		}
		for _, v := range []string{"AbC", "fb.1.AbC", "fb.1.1554763741205.", "fb.x.1554763741205.AbC", "fb.1.x.AbC", "FB.1.1554763741205.AbC", "fb.1.1554763741205.A b",
			"fb.1.1554763741205.AbC.XX", "fb.1.1554763741205.AbC.AQQCAQAB.x", "fb..1554763741205.AbC", "fb.-1.1554763741205.AbC", emHash} {
			require.Equal(t, "100/2804001", metaReason(t, r.meta(metaBody(withUserKey(key, `"`+v+`"`)))), "%s %s", key, v)
		}
	}
	require.Equal(t, "100/2804016", metaReason(t, r.meta(metaBody(withUserKey("external_id", `"jane@example.com"`)))))
	require.Equal(t, "100/2804016", metaReason(t, r.meta(metaBody(withUserKey("external_id", `"`+strings.ToUpper(emHash)+`"`)))))
}

// withUserKey is a website event whose only other identifier is a phone number.
func withUserKey(key, value string) string {
	members := map[string]string{"ph": `["` + phHash + `"]`, "client_user_agent": `"Mozilla/5.0"`}
	members[key] = value
	var list []string
	for k, v := range members {
		list = append(list, fmt.Sprintf("%q:%s", k, v))
	}
	return `{"event_name":"ViewContent","event_time":1795262000,"action_source":"website","event_source_url":"https://shop.example.com/","user_data":{` +
		strings.Join(list, ",") + `}}`
}

// What each action source needs, and nothing that only others need.
func TestMetaRequirementsOfEveryActionSource(t *testing.T) {
	r := start(t, sandbox.Config{})
	bare := `{"event_name":"Purchase","event_time":1795262000,"user_data":{"em":"` + emHash + `"},"custom_data":{"value":1,"currency":"EUR"},"action_source":"%s"}`
	for source, want := range map[string]string{
		"website": "100/2804019", "app": "100/2804019", "business_messaging": "100/2804019",
		"physical_store": "200", "email": "200", "phone_call": "200", "chat": "200", "other": "200", "system_generated": "200",
	} {
		require.Equal(t, want, metaReason(t, r.meta(metaBody(fmt.Sprintf(bare, source)))), source)
	}
	// Only sales in a store may be older than a week.
	for _, source := range []string{"email", "phone_call", "chat", "other", "system_generated", "physical_store"} {
		old := strings.Replace(fmt.Sprintf(bare, source), "1795262000", "1794657599", 1)
		want := "100/2804003"
		if source == "physical_store" {
			want = "200"
		}
		require.Equal(t, want, metaReason(t, r.meta(metaBody(old))), source)
	}
}

var update = flag.Bool("update", false, "write testdata/bodies.txtar")

// TestBodies compares whole answers with testdata/bodies.txtar, where a person
// can read them: the order of members, which fault of several is told, and that
// one bad event refuses the request.
func TestBodies(t *testing.T) {
	const path = "testdata/bodies.txtar"
	archive, err := txtar.ParseFile(path)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(archive.Files), 20)
	ids := regexp.MustCompile(`("fbtrace_id": ?|"requestId": ?)"[^"]*"`)
	for i := 0; i < len(archive.Files); i += 2 {
		request, reply := archive.Files[i], &archive.Files[i+1]
		title, ok := strings.CutSuffix(request.Name, " / request")
		require.True(t, ok, request.Name)
		require.Equal(t, title+" / answer", reply.Name)
		t.Run(title, func(t *testing.T) {
			r := start(t, sandbox.Config{})
			send, provider := r.meta, "meta"
			if strings.HasPrefix(title, "google") {
				send, provider = r.google, "google"
			}
			a := send(string(request.Data))
			var pretty bytes.Buffer
			require.NoError(t, json.Indent(&pretty, []byte(a.text), "", " "))
			got := fmt.Sprintf("%d\n%s\n", a.status, ids.ReplaceAllString(strings.TrimSpace(pretty.String()), `${1}"..."`))
			if *update {
				reply.Data = []byte(got)
			}
			require.Equal(t, string(reply.Data), got)
			if a.status != http.StatusOK {
				require.Zero(t, r.box.Report().Providers[provider].Acceptances, "nothing of a refused request is stored")
			}
		})
	}
	if *update {
		require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
	}
}
