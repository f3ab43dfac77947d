package tiktok_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
	"github.com/sluicehq/sluice/pkg/provider/tiktok"
)

// responses are the collected answers: every code with its class, and whole
// answers with what they mean.
type responses struct {
	Codes    []struct{ Code, HTTP, Class string }
	Examples []example
}

type example struct {
	Name    string
	N       int
	Status  int
	Headers map[string]string
	Body    json.RawMessage
	Expect  struct {
		Class     string
		Faults    *[]int
		RequestID string `json:"request_id"`
		WaitMS    int64  `json:"wait_ms"`
		Unmapped  bool
		Split     bool
	}
}

func readResponses(t testing.TB) responses {
	t.Helper()
	raw, err := os.ReadFile("testdata/responses.json")
	require.NoError(t, err)
	var r responses
	require.NoError(t, json.Unmarshal(raw, &r))
	require.NotEmpty(t, r.Codes)
	require.NotEmpty(t, r.Examples)
	return r
}

// text is the body as it comes: a string stands for text that is no JSON.
func (e *example) text(t testing.TB) string {
	t.Helper()
	if e.Body[0] != '"' {
		return string(e.Body)
	}
	var s string
	require.NoError(t, json.Unmarshal(e.Body, &s))
	return s
}

func classify(n, status int, header map[string]string, body string) provider.Answer {
	return tiktok.Provider{}.Classify(n, &provider.Response{
		Status: status, Body: []byte(body), Now: now, Header: func(name string) string { return header[name] },
	})
}

func TestEveryExampleAnswer(t *testing.T) {
	t.Parallel()
	list := readResponses(t).Examples
	for i := range list {
		e := &list[i]
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			a := classify(e.N, e.Status, e.Headers, e.text(t))
			require.Equal(t, e.Expect.Class, a.Class.String())
			require.Equal(t, e.Expect.RequestID, a.RequestID[:min(len(a.RequestID), len(e.Expect.RequestID))])
			require.Equal(t, e.Expect.WaitMS, a.WaitMS)
			require.Equal(t, e.Expect.Unmapped, a.Unmapped)
			if e.Expect.Faults != nil {
				require.Equal(t, *e.Expect.Faults, indices(&a))
			}
			if e.Expect.Split {
				require.Empty(t, a.Faults, "a batch that is too large names no event")
			}
		})
	}
}

func indices(a *provider.Answer) []int {
	list := []int{}
	for _, f := range a.Faults {
		list = append(list, f.Index)
	}
	return list
}

// Every code of the collected table has its class, is documented, and has a fix
// that says where to look; both ends of a range count.
func TestEveryCodeHasItsClassAndAFix(t *testing.T) {
	t.Parallel()
	spec := tiktok.Provider{}.Spec()
	for _, c := range readResponses(t).Codes {
		first, last, ranged := strings.Cut(strings.TrimPrefix(c.Code, "HTTP "), "-")
		if strings.HasPrefix(c.Code, "HTTP ") {
			for _, status := range strings.Split(c.HTTP, "-") {
				n, err := strconv.Atoi(status)
				require.NoError(t, err)
				a := classify(2, n, nil, "<html></html>")
				require.Equal(t, c.Class, a.Class.String(), "HTTP %d", n)
				require.NotEmpty(t, spec.Fix(a.Code, a.Subcode), "what to do about HTTP %d", n)
			}
			continue
		}
		codes := []string{first}
		if ranged {
			codes = append(codes, last)
		}
		for _, code := range codes {
			a := classify(1, 200, nil, `{"code": `+code+`, "message": "m", "request_id": "r"}`)
			require.Equal(t, c.Class, a.Class.String(), code)
			require.False(t, a.Unmapped, code)
			require.Equal(t, a.Class != provider.Accepted, spec.Fix(a.Code, a.Subcode) != "", "what to do about %s", code)
			if a.Class != provider.Accepted {
				require.Equal(t, code, a.Code)
			}
		}
	}
	for _, row := range spec.Errors {
		require.True(t, row.Fix != "" || row.Class == provider.Accepted, "%s has no fix", row.Code)
	}
}

// What the table of examples does not show.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		n, status int
		body      string
		class     provider.Class
		faults    []int
		unmapped  bool
	}{
		"success under an error status": {1, 502, `{"code":0,"message":"OK"}`, provider.Transient, []int{}, false},
		"a code as text":                {1, 200, `{"code":"40105","message":"m"}`, provider.Credentials, []int{}, false},
		"a code with a fraction":        {1, 200, `{"code":40105.5}`, provider.UnknownOutcome, []int{}, true},
		"no code":                       {1, 200, `{"message":"OK"}`, provider.UnknownOutcome, []int{}, true},
		"two values":                    {1, 200, `{"code":0}{"code":40001}`, provider.UnknownOutcome, []int{}, true},
		"an unknown inner failure":      {2, 200, `{"code":50999,"message":"m"}`, provider.Transient, []int{}, true},
		"an unknown code from outside":  {2, 503, `{"code":7,"message":"m"}`, provider.Transient, []int{}, true},
		"the first place counts":        {5, 200, `{"code":40002,"message":"data.3.event_id: \"data.1.x\" is not valid"}`, provider.Invalid, []int{3}, false},
		"a place at the end":            {5, 200, `{"code":40002,"message":"see Batch.4"}`, provider.Invalid, []int{4}, false},
		"another word":                  {5, 200, `{"code":40002,"message":"metadata.1.x"}`, provider.Invalid, []int{}, false},
		"a place outside":               {2, 200, `{"code":40002,"message":"data.2.event"}`, provider.Invalid, []int{}, false},
		"a place beyond numbers":        {2, 200, `{"code":40002,"message":"data.99999999999999999999.event"}`, provider.Invalid, []int{}, false},
		"the only event":                {1, 200, `{"code":40062,"message":"PII is not hashed"}`, provider.Invalid, []int{0}, false},
		"the only event is too many":    {1, 200, `{"code":40061,"message":"invalid batch size"}`, provider.Invalid, []int{0}, false},
		"partly, and nobody knows what": {2, 200, `{"code":20001,"data":[]}`, provider.AcceptedWithWarnings, []int{}, false},
		"partly under an error status":  {2, 500, `{"code":20001,"data":{}}`, provider.Transient, []int{}, true},
		"a redirect":                    {1, 302, ``, provider.Configuration, []int{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := classify(c.n, c.status, nil, c.body)
			require.Equal(t, c.class.String(), a.Class.String())
			require.Equal(t, c.faults, indices(&a))
			require.Equal(t, c.unmapped, a.Unmapped)
		})
	}
}

func TestWordsOfTikTokAreRedacted(t *testing.T) {
	t.Parallel()
	a := classify(1, 200, nil, `{"code":40002,"message":"data.0.user.email: jane@shop.example is not hashed","request_id":"jane@shop.example"}`)
	require.NotContains(t, a.Message+a.RequestID+a.Faults[0].Message, "jane@")
	a = classify(2, 200, nil, `{"code":20001,"data":{"failed_events":[{"order_in_batch":1,"error_message":"jane@shop.example"},{"error_message":"x"}]}}`)
	require.Len(t, a.Warnings, 2)
	require.NotContains(t, strings.Join(a.Warnings, ""), "jane@")
	require.Contains(t, a.Warnings[0], "event 1")
}

func FuzzClassify(f *testing.F) {
	list := readResponses(f).Examples
	for i := range list {
		f.Add(list[i].Status, list[i].N, []byte(list[i].text(f)), list[i].Headers["Retry-After"], false)
	}
	f.Add(200, 3, []byte(`{"code":40002,"message":"Batch.2."}`), "NaN", true)
	f.Fuzz(func(t *testing.T, status, n int, body []byte, after string, truncated bool) {
		r := &provider.Response{Status: status, Body: body, Truncated: truncated, Now: now, Header: func(string) string { return after }}
		providertest.CheckAnswer(t, tiktok.Provider{}, 1+(n&0xFF), r)
	})
}
