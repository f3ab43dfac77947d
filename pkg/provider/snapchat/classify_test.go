package snapchat_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
	"github.com/sluicehq/sluice/pkg/provider/snapchat"
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
		Class    string
		Faults   *[]int
		Code     string
		WaitMS   int64 `json:"wait_ms"`
		Unmapped bool
		Split    bool
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
	return snapchat.Provider{}.Classify(n, &provider.Response{
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
			if e.Expect.Code != "" {
				require.Equal(t, e.Expect.Code, a.Code)
				spec := snapchat.Provider{}.Spec()
				require.NotEmpty(t, spec.Fix(a.Code, a.Subcode))
			}
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

// Every row of the collected table has its class and a fix that says where to look;
// both ends of a range count.
func TestEveryCodeHasItsClassAndAFix(t *testing.T) {
	t.Parallel()
	spec := snapchat.Provider{}.Spec()
	for _, c := range readResponses(t).Codes {
		for _, status := range strings.Split(c.HTTP, "-") {
			n, err := strconv.Atoi(status)
			require.NoError(t, err)
			body := "<html></html>"
			if !strings.HasPrefix(c.Code, "HTTP ") {
				body = `{"status":"` + c.Code + `"}`
			}
			a := classify(2, n, nil, body)
			require.Equal(t, c.Class, a.Class.String(), c.Code)
			require.False(t, a.Unmapped, c.Code)
			require.Equal(t, a.Class != provider.Accepted, spec.Fix(a.Code, a.Subcode) != "", "what to do about %s", c.Code)
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
		"the second of three":           {3, 400, `{"status":"INVALID","event":2,"errors":{"codes":["4003"]}}`, provider.Invalid, []int{1}, false},
		"two in logs, one of them good": {3, 400, `{"status":"INVALID","event_logs":[{"event":1,"status":"VALID"},{"event":3,"status":"INVALID"},{"event":3,"status":"INVALID"}]}`, provider.Invalid, []int{2}, false},
		"counted from nothing":          {3, 400, `{"status":"INVALID","event":0}`, provider.Invalid, []int{}, false},
		"one of them outside":           {3, 400, `{"status":"INVALID","event_logs":[{"event":1,"status":"INVALID"},{"event":4,"status":"INVALID"}]}`, provider.Invalid, []int{}, false},
		"the only event":                {1, 400, `{"status":"INVALID","event":7}`, provider.Invalid, []int{}, false},
		"another case":                  {1, 200, `{"status":"valid"}`, provider.Accepted, []int{}, false},
		"success under an error status": {1, 502, `{"status":"VALID"}`, provider.Transient, []int{}, false},
		"statistics for events":         {1, 200, `{"stats":{"live":{}}}`, provider.UnknownOutcome, []int{}, true},
		"two values":                    {1, 200, `{"status":"VALID"}{}`, provider.UnknownOutcome, []int{}, true},
		"invalid, and not ours":         {2, 401, `{"status":"INVALID","event":1}`, provider.Credentials, []int{}, false},
		"invalid, and overloaded":       {2, 503, `{"status":"INVALID","event":1}`, provider.Transient, []int{}, false},
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

// A probe asks for statistics, which no request of events answers with.
func TestTheAnswerToAProbe(t *testing.T) {
	t.Parallel()
	require.Equal(t, provider.Accepted, classify(0, 200, nil, `{"stats":{"test":{},"live":{"event_count_past_hour":3}}}`).Class)
	require.Equal(t, provider.Credentials, classify(0, 401, nil, ``).Class)
	require.Equal(t, provider.Configuration, classify(0, 404, nil, ``).Class)
}

// Messages of single events may hold their values, and are not kept.
func TestWordsOfSnapchatAreRedacted(t *testing.T) {
	t.Parallel()
	a := classify(1, 400, map[string]string{"X-Snap-Request-ID": "jane@shop.example"},
		`{"status":"INVALID","event":1,"reason":"for jane@shop.example","errors":{"codes":["jane@shop.example"],"error_msgs":["Jane Doe"]}}`)
	text := a.Message + a.RequestID + a.Code + a.Faults[0].Message + a.Faults[0].Code
	require.NotContains(t, text, "jane@")
	require.NotContains(t, text, "Jane Doe")
	a = classify(2, 200, nil, `{"status":"VALID","event_logs":[{"event":2,"warnings":["Jane Doe"]},{"warnings":[{"x":1}]}]}`)
	require.Len(t, a.Warnings, 2)
	require.NotContains(t, strings.Join(a.Warnings, ""), "Jane")
	require.Contains(t, a.Warnings[0], "event 2")
}

func FuzzClassify(f *testing.F) {
	list := readResponses(f).Examples
	for i := range list {
		f.Add(list[i].Status, list[i].N, []byte(list[i].text(f)), list[i].Headers["Retry-After"], false)
	}
	f.Add(400, 3, []byte(`{"status":"INVALID","event":-9223372036854775808}`), "NaN", true)
	f.Fuzz(func(t *testing.T, status, n int, body []byte, after string, truncated bool) {
		r := &provider.Response{Status: status, Body: body, Truncated: truncated, Now: now, Header: func(string) string { return after }}
		providertest.CheckAnswer(t, snapchat.Provider{}, 1+(n&0xFF), r)
	})
}
