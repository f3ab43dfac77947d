package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/boot"
)

// trialAnswer is the JSON form of a test event, a public contract.
type trialAnswer struct {
	DestinationID string            `json:"destination_id"`
	Provider      string            `json:"provider"`
	Mapping       string            `json:"mapping"`
	OtherMappings []string          `json:"other_mappings"`
	SourceEvent   string            `json:"source_event"`
	ProviderEvent string            `json:"provider_event"`
	Source        string            `json:"source"`
	EventID       string            `json:"event_id"`
	Stored        bool              `json:"stored"`
	Means         string            `json:"means"`
	Look          string            `json:"look"`
	Notes         []string          `json:"notes"`
	Identifiers   []string          `json:"identifiers"`
	Request       *trialRequest     `json:"request,omitempty"`
	Answer        trialProviderSays `json:"answer"`
}

type trialRequest struct {
	Method  string          `json:"method"`
	URL     string          `json:"url"`
	Headers []string        `json:"headers"`
	Body    json.RawMessage `json:"body"`
}

type trialProviderSays struct {
	Accepted   bool     `json:"accepted"`
	Reason     string   `json:"reason"`
	Class      string   `json:"class"`
	Status     int      `json:"status,omitempty"`
	Code       string   `json:"code,omitempty"`
	Subcode    string   `json:"subcode,omitempty"`
	Message    string   `json:"message,omitempty"`
	RequestID  string   `json:"request_id,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	Response   string   `json:"response,omitempty"`
	LatencyMS  int64    `json:"latency_ms"`
	Fix        string   `json:"fix,omitempty"`
	Classified bool     `json:"classified"`
}

func trialJSON(t *boot.Trial, r *boot.TrialResult) trialAnswer {
	a := trialAnswer{
		DestinationID: t.Destination.ID, Provider: t.Destination.Provider, Mapping: t.Mapping.Name, OtherMappings: emptyNotNil(t.Others),
		SourceEvent: t.Mapping.SourceEvent, ProviderEvent: t.Mapping.ProviderEvent, Source: t.Source, EventID: t.EventID,
		Stored: t.Stored, Means: t.Means, Look: t.Look, Notes: emptyNotNil(t.Notes), Identifiers: emptyNotNil(t.Identifiers),
		Answer: trialProviderSays{
			Accepted: r.Accepted(), Reason: r.Reason.String(), Class: r.Class.String(), Status: r.Status, Code: r.Code, Subcode: r.Subcode,
			Message: r.Message, RequestID: r.RequestID, Warnings: r.Warnings, Response: r.Response, LatencyMS: r.Took.Milliseconds(), Fix: r.Fix,
			Classified: !r.Unmapped,
		},
	}
	if r.URL != "" {
		a.Request = &trialRequest{r.Method, r.URL, emptyNotNil(r.Header), r.Body}
	}
	return a
}

// trialColumn is where what is said about a test event begins.
const trialColumn = 16

func (r *root) printTrial(t *boot.Trial, got *boot.TrialResult) error {
	t, got = terminal.Shown(t), terminal.Shown(got)
	b := teller{paint: painter{on: r.colour()}}
	b.text.WriteString(b.paint.strong("Test event "+t.EventID) + "\n")
	b.rowAt(trialColumn, "destination", t.Destination.ID+" ("+t.Destination.Provider+")")
	for _, note := range t.Notes {
		b.rowAt(trialColumn, "note", note)
	}
	b.rowAt(trialColumn, "mapping", t.Mapping.Name+": "+t.Mapping.SourceEvent+" as "+t.Mapping.ProviderEvent)
	if len(t.Others) > 0 {
		b.rowAt(trialColumn, "not tried", strings.Join(t.Others, ", ")+" (--mapping)")
	}
	b.rowAt(trialColumn, "source", t.Source)
	b.rowAt(trialColumn, "identifiers", strings.Join(t.Identifiers, ", "))
	b.rowAt(trialColumn, "means", t.Means)
	if got.URL != "" {
		b.text.WriteString("\n" + b.paint.strong("Request") + "\n  " + got.Method + " " + got.URL + "\n")
		for _, h := range got.Header {
			b.line(2, h)
		}
		var body bytes.Buffer
		if json.Indent(&body, got.Body, "  ", "  ") == nil {
			b.text.WriteString("  " + body.String() + "\n")
		}
	}
	b.text.WriteString("\n" + b.paint.strong("Answer") + "\n")
	b.trialSays(got)
	if got.Accepted() {
		if !t.Stored {
			b.rowAt(trialColumn, "", "checked only: nothing was stored")
		}
		b.rowAt(trialColumn, "look", t.Look)
	}
	if _, err := fmt.Fprint(r.Out, b.text.String()); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// trialSays tells the answer: our word first, then the provider's.
func (b *teller) trialSays(got *boot.TrialResult) {
	word := b.paint.bad("refused")
	switch {
	case got.Accepted():
		word = b.paint.good("accepted")
	case got.Status == 0:
		word = b.paint.bad("no answer")
	}
	if !got.Accepted() {
		word += ": " + got.Reason.String() + " (" + got.Class.String() + ")"
	}
	b.rowAt(trialColumn, "result", word)
	status := ""
	if got.Status != 0 {
		status = strconv.Itoa(got.Status) + " in " + got.Took.Round(time.Millisecond).String()
	}
	code := strings.TrimSuffix(got.Code+"/"+got.Subcode, "/")
	for _, row := range [][2]string{
		{"status", status}, {"code", code}, {"message", got.Message}, {"request id", got.RequestID}, {"warnings", strings.Join(got.Warnings, ", ")},
		{"said", got.Response}, {"fix", got.Fix},
	} {
		if row[1] != "" {
			b.rowAt(trialColumn, row[0], row[1])
		}
	}
}
