package world

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Request is one HTTP request that a stand-in received, read by code of its
// own: neither the senders nor the stand-ins take part.
type Request struct {
	// At is when it was complete, Answered when the answer had been written.
	At, Answered time.Time
	// Slot is the process that sent it.
	Slot     string
	Provider string
	// Events tells requests that carry events from tokens and questions.
	Events bool
	// Destination is a dataset, an account or an endpoint.
	Destination string
	// IDs are event ids, at Google transaction ids; Times are when the events
	// happened.
	IDs   []string
	Times []time.Time
	// Status is 0 where the connection was cut without an answer.
	Status int
	// RetryAfter is what the answer asked to wait.
	RetryAfter time.Duration
	// Fault: a scripted fault made the answer; the events may have been taken
	// although the answer does not say so.
	Doubtful bool
	// Denied: the status is good and the body says that it is not, so nothing
	// was taken.
	Denied bool
	// Leak names a canary that the body holds in clear.
	Leak string
}

// Record remembers requests. It is safe for concurrent use.
type Record struct {
	// Leak looks for what must not leave; set before the first request.
	Leak func(body []byte) string

	mu  sync.Mutex
	all []Request
	// onAnswer is told after an answer was written, for kills at that point.
	onAnswer func(Request)
}

// Len is the number of requests so far.
func (r *Record) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// From gives the requests from the n-th on.
func (r *Record) From(n int) []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Request(nil), r.all[min(n, len(r.all)):]...)
}

// OnAnswer sets who is told after each answer to a request with events; nil
// for nobody.
func (r *Record) OnAnswer(f func(Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onAnswer = f
}

func (r *Record) add(one Request) {
	r.mu.Lock()
	r.all = append(r.all, one)
	tell := r.onAnswer
	r.mu.Unlock()
	if tell != nil && one.Events {
		tell(one)
	}
}

// maxBody is far above what any provider takes.
const maxBody = 32 << 20

// Around records what passes through a handler for one process.
func (r *Record) Around(slot string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(io.LimitReader(req.Body, maxBody))
		if err != nil {
			return // the process died; there is nobody to answer
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		one := Request{At: time.Now(), Slot: slot}
		read(&one, req, body)
		if r.Leak != nil && one.Events {
			one.Leak = r.Leak(body)
		}
		answer := &answered{ResponseWriter: w}
		defer func() { // a stand-in that cuts a connection panics
			failed := recover()
			one.Answered, one.Status = time.Now(), answer.status
			one.Doubtful = answer.status == 0 || answer.spoilt(one.Provider)
			one.Denied = answer.denied()
			one.RetryAfter = waitOf(w.Header())
			r.add(one)
			if failed != nil {
				panic(failed) // net/http's own way to end a connection
			}
		}()
		next.ServeHTTP(answer, req)
		if answer.status != 0 {
			// A failure means that the process is gone.
			_ = http.NewResponseController(w).Flush()
		}
	})
}

// answered notes what was answered.
type answered struct {
	http.ResponseWriter
	status int
	body   []byte
}

// WriteHeader implements http.ResponseWriter.
func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answered) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return a.ResponseWriter.Write(b)
}

// Unwrap lets the stand-in take the connection over.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// spoilt tells whether a good status came with a body that nobody can read, so
// that a sender cannot know.
func (a *answered) spoilt(provider string) bool {
	return a.status == http.StatusOK && provider != "webhook" && !json.Valid(a.body)
}

// denied tells whether a good status came with an error in the body: TikTok has
// a code there, which is 0 for good ones.
func (a *answered) denied() bool {
	var said struct {
		Error json.RawMessage `json:"error"`
		Code  json.RawMessage `json:"code"`
	}
	if a.status != http.StatusOK || json.Unmarshal(a.body, &said) != nil {
		return false
	}
	return len(said.Error) > 0 || len(said.Code) > 0 && string(said.Code) != "0"
}

func waitOf(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// read takes a request apart. What it does not know stays empty.
func read(one *Request, req *http.Request, body []byte) {
	if req.Header.Get("Content-Encoding") == "gzip" {
		if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			if plain, err := io.ReadAll(io.LimitReader(z, maxBody)); err == nil {
				body = plain
			}
		}
	}
	if readConversions(one, req, body) {
		return
	}
	switch path := req.URL.Path; {
	case strings.HasPrefix(path, "/webhook/"):
		one.Provider, one.Events, one.Destination = "webhook", true, strings.TrimPrefix(path, "/webhook/")
		readWebhook(one, body)
	case strings.HasSuffix(path, "/events") && req.Method == http.MethodPost:
		one.Provider, one.Events = "meta", true
		parts := strings.Split(strings.Trim(path, "/"), "/")
		one.Destination = parts[max(0, len(parts)-2)]
		readMeta(one, body)
	case strings.HasPrefix(path, "/v1/events:ingest"):
		one.Provider, one.Events = "google", true
		readGoogle(one, body)
	case strings.HasPrefix(path, "/v1/"), strings.HasSuffix(path, "/token"):
		one.Provider = "google"
	default:
		one.Provider = "meta"
	}
}

func readWebhook(one *Request, body []byte) {
	var sent struct {
		Events []struct {
			ID   string    `json:"event_id"`
			Time time.Time `json:"event_time"`
		} `json:"events"`
	}
	if json.Unmarshal(body, &sent) != nil {
		return
	}
	for _, e := range sent.Events {
		one.IDs, one.Times = append(one.IDs, e.ID), append(one.Times, e.Time)
	}
}

func readMeta(one *Request, body []byte) {
	type events []struct {
		ID   string `json:"event_id"`
		Time int64  `json:"event_time"`
	}
	var sent struct {
		Data events `json:"data"`
	}
	if json.Unmarshal(body, &sent) != nil {
		// The other form that the API takes: fields, with JSON in one of them.
		form, found := strings.CutPrefix(string(body), "data=")
		if !found || json.Unmarshal([]byte(form), &sent.Data) != nil {
			return
		}
	}
	for _, e := range sent.Data {
		one.IDs, one.Times = append(one.IDs, e.ID), append(one.Times, time.Unix(e.Time, 0))
	}
}

func readGoogle(one *Request, body []byte) {
	var sent struct {
		ValidateOnly bool `json:"validateOnly"`
		Destinations []struct {
			Account struct {
				ID string `json:"accountId"`
			} `json:"operatingAccount"`
		} `json:"destinations"`
		Events []struct {
			ID   string    `json:"transactionId"`
			Time time.Time `json:"eventTimestamp"`
		} `json:"events"`
	}
	if json.Unmarshal(body, &sent) != nil {
		return
	}
	one.Events = !sent.ValidateOnly
	if len(sent.Destinations) > 0 {
		one.Destination = sent.Destinations[0].Account.ID
	}
	for _, e := range sent.Events {
		one.IDs, one.Times = append(one.IDs, e.ID), append(one.Times, e.Time)
	}
}
