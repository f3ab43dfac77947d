package meta_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

func answer(status int, body string, headers ...string) *provider.Response {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &provider.Response{Status: status, Header: h.Get, Body: []byte(body), Now: now}
}

func failure(code, subcode int, more string) string {
	return fmt.Sprintf(`{"error":{"message":"Invalid parameter","type":"OAuthException","code":%d,"error_subcode":%d%s,"fbtrace_id":"AbC"}}`, code, subcode, more)
}

func TestClassifySuccess(t *testing.T) {
	p := meta.New(provider.Deps{})
	for name, c := range map[string]struct {
		r        *provider.Response
		want     provider.Class
		warnings int
	}{
		"accepted":          {answer(200, `{"events_received":2,"messages":[],"fbtrace_id":"AbC"}`), provider.Accepted, 0},
		"count as text":     {answer(200, `{"events_received":"2"}`), provider.Accepted, 0},
		"fewer":             {answer(200, `{"events_received":1,"messages":[]}`), provider.AcceptedWithWarnings, 1},
		"none":              {answer(200, `{"events_received":0}`), provider.AcceptedWithWarnings, 1},
		"messages":          {answer(200, `{"events_received":2,"messages":["jane@example.com looks odd",{"a":1}]}`), provider.AcceptedWithWarnings, 2},
		"empty":             {answer(200, ``), provider.UnknownOutcome, 0},
		"page":              {answer(200, `<html>hi</html>`), provider.UnknownOutcome, 0},
		"cut":               {answer(200, `{"events_rec`), provider.UnknownOutcome, 0},
		"no count":          {answer(200, `{}`), provider.UnknownOutcome, 0},
		"capped":            {&provider.Response{Status: 200, Truncated: true, Body: []byte(`{"events_received":2}`)}, provider.UnknownOutcome, 0},
		"an error in 200":   {answer(200, failure(190, 463, "")), provider.Credentials, 0},
		"an invalid in 200": {answer(200, failure(100, 2804003, "")), provider.Invalid, 0},
	} {
		a := p.Classify(2, c.r)
		require.Equal(t, c.want.String(), a.Class.String(), name)
		require.Len(t, a.Warnings, c.warnings, name)
		require.NotContains(t, strings.Join(a.Warnings, ""), "jane", name)
	}
	require.Equal(t, "AbC", p.Classify(2, answer(200, `{"events_received":2,"fbtrace_id":"AbC"}`)).RequestID)
	require.Equal(t, "FromHeader", p.Classify(2, answer(200, `{"events_received":2}`, "X-Fb-Trace-Id", "FromHeader")).RequestID)
}

// The table itself: every row reaches its class, whatever the HTTP status.
func TestClassifyEveryRow(t *testing.T) {
	p := meta.New(provider.Deps{})
	for _, row := range p.Spec().Errors {
		if status, isStatus := strings.CutPrefix(row.Code, "HTTP "); isStatus {
			n := 0
			_, err := fmt.Sscanf(status, "%d", &n)
			require.NoError(t, err)
			a := p.Classify(3, answer(n, "<html>"))
			require.Equal(t, row.Class, a.Class, row.Code)
			require.False(t, a.Unmapped, row.Code)
			continue
		}
		code, subcode := 0, 0
		_, err := fmt.Sscanf(row.Code, "%d", &code)
		require.NoError(t, err)
		if row.Subcode != "" {
			_, err = fmt.Sscanf(row.Subcode, "%d", &subcode)
			require.NoError(t, err)
		}
		for _, status := range []int{400, 403, 500} {
			a := p.Classify(3, answer(status, failure(code, subcode, "")))
			require.Equal(t, row.Class.String(), a.Class.String(), "%s/%s", row.Code, row.Subcode)
			require.Equal(t, fmt.Sprint(code), a.Code)
			require.False(t, a.Unmapped)
			require.Equal(t, "AbC", a.RequestID)
		}
		require.NotEmpty(t, row.Meaning)
	}
}

func TestClassifyWhatRowsCannotSay(t *testing.T) {
	p := meta.New(provider.Deps{})
	for name, c := range map[string]struct {
		r        *provider.Response
		want     provider.Class
		unmapped bool
	}{
		"transient beats invalid":        {answer(400, failure(100, 2804003, `,"is_transient":true`)), provider.Transient, false},
		"transient in words":             {answer(400, failure(999, 0, `,"is_transient":"true"`)), provider.Transient, false},
		"throttled stays throttled":      {answer(400, failure(4, 0, `,"is_transient":true`)), provider.Throttled, false},
		"subcode without a row":          {answer(400, failure(100, 2804999, "")), provider.Invalid, false},
		"token subcode without a row":    {answer(400, failure(190, 999, "")), provider.Credentials, false},
		"too large beats its code":       {answer(413, failure(1, 99, "")), provider.Invalid, false},
		"permission range":               {answer(400, failure(273, 0, "")), provider.Credentials, false},
		"business throttle range":        {answer(400, failure(80004, 2446079, "")), provider.Throttled, false},
		"a wrong proof":                  {answer(400, `{"error":{"message":"Invalid appsecret_proof provided in the API argument","code":100}}`), provider.Credentials, false},
		"unknown code, 4xx":              {answer(400, failure(777, 0, "")), provider.Invalid, true},
		"unknown code, 5xx":              {answer(503, failure(777, 0, "")), provider.Transient, true},
		"unknown code, 429":              {answer(429, failure(777, 0, "")), provider.Throttled, true},
		"numbers as text":                {answer(400, `{"error":{"message":"m","code":"190","error_subcode":"463"}}`), provider.Credentials, false},
		"a page with 400":                {answer(400, "<!DOCTYPE html>"), provider.Transient, true},
		"an empty 502":                   {answer(502, ""), provider.Transient, false},
		"a redirect":                     {answer(302, ""), provider.Transient, true},
		"an error that is no object":     {answer(500, `{"error":"boom"}`), provider.Transient, false},
		"an error object without a code": {answer(400, `{"error":{"message":"m"}}`), provider.Invalid, true},
	} {
		a := p.Classify(3, c.r)
		require.Equal(t, c.want.String(), a.Class.String(), name)
		require.Equal(t, c.unmapped, a.Unmapped, name)
	}
}

func TestFaultsNameTheEvent(t *testing.T) {
	p := meta.New(provider.Deps{})
	for body, want := range map[string][]int{
		`{"error":{"message":"Unexpected key \"x\" on param \"$['data'][2]\"","code":100}}`:                                            {2},
		`{"error":{"message":"(#100) param data[1][event_time] must be an integer","code":100}}`:                                       {1},
		`{"error":{"message":"Invalid parameter","code":100,"error_subcode":2804003,"error_user_msg":"data[3] and data[3], data[0]"}}`: {3, 0},
		`{"error":{"message":"m","code":100,"error_data":{"blame_field_specs":[["data[2][user_data]"]]}}}`:                             {2},
		`{"error":{"message":"m","code":100,"error_data":"{\"blame_field_specs\":[[\"data\",\"1\",\"event_time\"]]}"}}`:                {1},
		`{"error":{"message":"m data[9] is out of range","code":100}}`:                                                                 nil,
		`{"error":{"message":"user_data['em'] is not hashed","code":100,"error_subcode":2804016}}`:                                     nil,
		`{"error":{"message":"custom_data 2 is odd, metadata[x]","code":100}}`:                                                         nil,
		`{"error":{"message":"Invalid data. 3 events were refused","code":100}}`:                                                       nil,
		`{"error":{"message":"No usable data, 2 of 4","code":100}}`:                                                                    nil,
		`{"error":{"message":"data[1] token bad","code":190}}`:                                                                         nil,
	} {
		a := p.Classify(4, answer(400, body))
		var got []int
		for _, f := range a.Faults {
			got = append(got, f.Index)
			require.NotEmpty(t, f.Code)
		}
		require.Equal(t, want, got, body)
	}
	one := p.Classify(1, answer(400, failure(100, 2804009, `,"error_user_title":"No value","error_user_msg":"Purchase by jane@example.com needs a value"`)))
	require.Equal(t, []provider.Fault{{Index: 0, Code: "100/2804009", Message: "No value: Purchase by [redacted] needs a value"}}, one.Faults)
}

func TestWaitingTimes(t *testing.T) {
	p := meta.New(provider.Deps{})
	throttle := failure(80004, 2446079, "")
	for name, c := range map[string]struct {
		headers []string
		wait    int64
		usage   float64
	}{
		"nothing":      {nil, 0, 0},
		"seconds":      {[]string{"Retry-After", "120"}, 120_000, 0},
		"a date":       {[]string{"Retry-After", "Sat, 21 Nov 2026 12:00:30 GMT"}, 30_000, 0},
		"a past date":  {[]string{"Retry-After", "Sat, 21 Nov 2026 11:00:30 GMT"}, 0, 0},
		"nonsense":     {[]string{"Retry-After", "soon", "X-App-Usage", "{"}, 0, 0},
		"business":     {[]string{"X-Business-Use-Case-Usage", `{"123":[{"type":"ads_management","call_count":100,"total_cputime":25,"total_time":31,"estimated_time_to_regain_access":7}]}`}, 420_000, 100},
		"app":          {[]string{"X-App-Usage", `{"call_count":10,"total_cputime":91.5,"total_time":3}`}, 0, 91.5},
		"account":      {[]string{"X-Ad-Account-Usage", `{"acc_id_util_pct":100,"reset_time_duration":90}`}, 90_000, 100},
		"the longest":  {[]string{"Retry-After", "30", "X-Business-Use-Case-Usage", `{"1":[{"estimated_time_to_regain_access":1}],"2":[{"estimated_time_to_regain_access":3,"call_count":80}]}`}, 180_000, 80},
		"out of range": {[]string{"Retry-After", "1e12"}, 86_400_000, 0},
	} {
		a := p.Classify(2, answer(400, throttle, c.headers...))
		require.Equal(t, c.wait, a.WaitMS, name)
		require.InDelta(t, c.usage, a.Usage, 0.001, name)
	}
	require.Equal(t, int64(3_600_000), p.Classify(1, answer(400, failure(368, 0, ""))).WaitMS, "a policy block pauses for an hour")
	require.InDelta(t, 85, p.Classify(2, answer(200, `{"events_received":2}`, "X-App-Usage", `{"call_count":85}`)).Usage, 0.001)
}

func FuzzClassify(f *testing.F) {
	for _, s := range []string{"", "{}", `{"error":{}}`, `{"events_received":1}`, failure(100, 33, ""), `{"error":{"message":"data[1]","error_data":"data","code":1e99}}`, `{"events_received":1e300,"messages":[null]}`} {
		f.Add(200, s, "5")
		f.Add(400, s, "Sat, 21 Nov 2026 12:00:30 GMT")
	}
	f.Fuzz(func(t *testing.T, status int, body, header string) {
		a := meta.New(provider.Deps{}).Classify(3, answer(status, body, "Retry-After", header, "X-App-Usage", header, "X-Business-Use-Case-Usage", header))
		for _, fault := range a.Faults {
			if fault.Index < 0 || fault.Index >= 3 {
				t.Fatalf("fault %d of 3", fault.Index)
			}
		}
		if a.WaitMS < 0 || a.WaitMS > 86_400_000 {
			t.Fatalf("waiting %d ms", a.WaitMS)
		}
	})
}
