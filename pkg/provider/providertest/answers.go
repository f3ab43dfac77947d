package providertest

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/pkg/provider"
)

func (b *bench) answers(t *testing.T) {
	for _, a := range b.f.Answers {
		t.Run(a.Name, func(t *testing.T) {
			got := b.p.Classify(max(a.N, 1), response(a.Status, a.Header, a.Body))
			equal(t, a.Class.String(), got.Class.String(), "class")
			equal(t, a.WaitMS, got.WaitMS, "milliseconds to wait")
			var faults []int
			for _, f := range got.Faults {
				faults = append(faults, f.Index)
			}
			equal(t, a.Faults, faults, "faults")
			equal(t, a.RestDelivered, got.RestDelivered, "whether the others were taken")
			if a.FaultClasses != nil {
				var classes []provider.Class
				for i := range got.Faults {
					classes = append(classes, got.Faults[i].Means())
				}
				equal(t, a.FaultClasses, classes, "what the faults mean")
			}
		})
	}
}

func response(status int, header map[string]string, body string) *provider.Response {
	return &provider.Response{
		Status: status, Body: []byte(body), Now: Now,
		Header: func(name string) string {
			for k, v := range header {
				if strings.EqualFold(k, name) {
					return v
				}
			}
			return ""
		},
	}
}

// mangled are bodies that proxies, outages and attackers produce.
var mangled = []string{
	"", " ", "null", "[]", "{", "{}", `"x"`, "0", "<html><body><h1>502 Bad Gateway</h1></body></html>", "\x00\xff", `{"error":null}`,
	`{"error":"text"}`, `{"error":[]}`, `{"error":{"code":"x","message":7}}`, `{"error":{}}`, strings.Repeat("[", 5000), `{"error":{"message":"jane@shop.example"}}`,
}

// anyAnswer checks what holds for every provider, whatever comes back.
func (b *bench) anyAnswer(t *testing.T) {
	statuses := []int{0, 100, 200, 202, 204, 301, 400, 401, 403, 404, 408, 409, 413, 418, 429, 500, 502, 503, 504, 599}
	random := rand.New(rand.NewPCG(1, 2))
	bodies := append([]string(nil), mangled...)
	for _, a := range b.f.Answers {
		bodies = append(bodies, a.Body)
		for range 8 { // the same with a byte changed or the end cut off
			c := []byte(a.Body)
			if len(c) == 0 {
				break
			}
			c[random.IntN(len(c))] = byte(random.IntN(256))
			bodies = append(bodies, string(c), a.Body[:random.IntN(len(a.Body))])
		}
	}
	for _, status := range statuses {
		for _, body := range bodies {
			for n := range 3 {
				r := response(status, nil, body)
				CheckAnswer(t, b.p, n+1, r)
				r.Header, r.Truncated = nil, true
				CheckAnswer(t, b.p, n+1, r)
			}
		}
	}
	b.plainAnswers(t)
}

func (b *bench) plainAnswers(t *testing.T) {
	t.Helper()
	html := "<html>no JSON here</html>"
	bare := provider.UnknownOutcome
	if b.f.StatusDecides {
		bare = provider.Accepted
	}
	equal(t, bare, b.p.Classify(1, response(200, nil, html)).Class, "200 with HTML")
	equal(t, bare, b.p.Classify(1, response(200, nil, "")).Class, "200 with nothing")
	for _, status := range []int{500, 502, 503, 504} {
		equal(t, provider.Transient, b.p.Classify(1, response(status, nil, html)).Class, strconv.Itoa(status)+" with HTML")
	}
	a := b.p.Classify(1, response(429, map[string]string{"Retry-After": "7"}, html))
	equal(t, provider.Throttled, a.Class, "429")
	equal(t, int64(7000), a.WaitMS, "a wait exactly as long as the provider says")
	equal(t, provider.Credentials, b.p.Classify(1, response(401, nil, html)).Class, "401 with HTML")
}

// CheckAnswer classifies r and checks what every answer has to satisfy. Fuzz
// targets of providers call it.
func CheckAnswer(t testing.TB, p provider.Provider, n int, r *provider.Response) {
	t.Helper()
	a := p.Classify(n, r)
	if a.Class > provider.DuplicateDelivery {
		t.Fatalf("class %d does not exist", a.Class)
	}
	accepted := a.Class == provider.Accepted || a.Class == provider.AcceptedWithWarnings
	if accepted && (r.Status < 200 || r.Status > 299) {
		t.Fatalf("status %d is taken for a success", r.Status)
	}
	if accepted && r.Truncated {
		// Only who does not need the body may do without its end.
		bare := *r
		bare.Body, bare.Truncated = nil, false
		if c := p.Classify(n, &bare).Class; c != provider.Accepted {
			t.Fatalf("a body that is cut off is taken for a success, an empty one for %s", c)
		}
	}
	if a.Unsure && a.Class != provider.Transient {
		t.Fatalf("class %s is unsure whether anything was taken", a.Class)
	}
	if a.WaitMS < 0 || a.Usage < 0 {
		t.Fatalf("waiting %d ms, usage %v", a.WaitMS, a.Usage)
	}
	seen := map[int]bool{}
	for _, f := range a.Faults {
		if f.Index < 0 || f.Index >= n || seen[f.Index] {
			t.Fatalf("fault of item %d in a batch of %d", f.Index, n)
		}
		seen[f.Index] = true
	}
	for i := range a.Faults {
		switch a.Faults[i].Means() {
		case provider.Invalid, provider.Transient, provider.Throttled, provider.Configuration, provider.DuplicateDelivery, provider.UnknownOutcome:
		default:
			t.Fatalf("a fault means %s, which is nothing for one item", a.Faults[i].Means())
		}
		if a.Faults[i].WaitMS < 0 {
			t.Fatalf("a fault waits %d ms", a.Faults[i].WaitMS)
		}
	}
	if len(a.Faults) > 0 && a.Class != provider.Invalid {
		t.Fatalf("class %s with faults of single items", a.Class)
	}
	if a.RestDelivered && (a.Class != provider.Invalid || len(a.Faults) == 0) {
		t.Fatalf("class %s with %d faults says that the rest was taken", a.Class, len(a.Faults))
	}
	if a.SomeDelivered && (a.Class != provider.Invalid || len(a.Faults) > 0) {
		t.Fatalf("class %s with %d faults says that nobody knows what was taken", a.Class, len(a.Faults))
	}
	if strings.Contains(a.Message, "jane@shop.example") {
		t.Fatalf("the message quotes an identifier")
	}
}
