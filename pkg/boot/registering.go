package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

// Pauses between two tries at a registry that is young.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 5 * time.Second
)

// Patience is how long a registry that is young is waited for: one that starts,
// or that answers before it has a primary and takes writes.
type Patience struct {
	// Limit is from the first try on; 0 tries once. The first try alone may
	// take 15 s more, where nothing answers at all.
	Limit time.Duration
	// Waiting is told where the registry is and why it is waited for, once for
	// each reason in a row; nil is silent.
	Waiting func(registry, why string)
}

// RegisterSchemas registers every schema for every topic that carries it. It
// may be repeated. A registry that is young is waited for; what waiting cannot
// mend (a wrong address, credentials, a certificate, a schema that does not
// fit) is an error at once. Errors are *NotReadyError.
func (e *Env) RegisterSchemas(ctx context.Context, p Patience) error {
	patient, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	topics := e.SchemaTopics(e.Providers())
	_, failed := e.schemaIDs(ctx, topics)
	said := ""
	for pause := firstPause; failed != nil; pause = min(2*pause, longestPause) {
		why, young := youth(failed)
		if !young || p.Limit == 0 {
			return failed
		}
		if why != said && p.Waiting != nil {
			p.Waiting(e.Config.Registry.URL, why)
		}
		said = why
		select {
		case <-patient.Done():
			return e.stayedYoung(ctx, p, failed)
		case <-time.After(pause):
		}
		_, err := e.schemaIDs(patient, topics)
		if err != nil && patient.Err() != nil {
			return e.stayedYoung(ctx, p, failed) // which says more than "deadline exceeded"
		}
		failed = err
	}
	return nil
}

// stayedYoung is the error of a registry that was waited for in vain.
func (e *Env) stayedYoung(ctx context.Context, p Patience, last error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("waiting for the Schema Registry at %s: %w", e.Config.Registry.URL, ctx.Err())
	}
	cause := last
	if known, ok := errors.AsType[*NotReadyError](last); ok {
		cause = known.Err
	}
	return &NotReadyError{
		What: fmt.Sprintf("the Schema Registry registered no schema within %s", p.Limit),
		Err:  cause, Fix: e.registryFix(cause),
	}
}

// registryFix says what to do about a registry, by what it answered.
func (e *Env) registryFix(err error) string {
	at := e.Config.Registry.URL
	answer, answered := errors.AsType[*sr.ResponseError](err)
	if !answered {
		return "start the registry at " + at + ", or correct registry.url (--registry)"
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "correct registry.username and registry.password, or let this user do that at " + at
	case http.StatusConflict, http.StatusUnprocessableEntity:
		return "ask `sluice schemas check` which subject another program has registered differently at " + at
	}
	if _, young := youth(err); young {
		return "the registry at " + at + " runs: wait until it has a primary that takes writes. If that lasts, its own log says why, " +
			"and so does " + at + "/_health where it is Karapace; most often it does not reach its Kafka"
	}
	return "correct registry.url (--registry): what answers at " + at + " is no Schema Registry, or not under this path"
}

// youth says why a registry that failed with err may do better soon; false
// where repeating the same cannot help.
func youth(err error) (why string, young bool) {
	if answer, ok := errors.AsType[*sr.ResponseError](err); ok {
		return youngAnswer(answer)
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		return "its name cannot be looked up right now", name.IsTimeout || (name.IsTemporary && !name.IsNotFound)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there yet", true
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to it yet", true
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closes connections before it answers", true
	case errors.Is(err, context.Canceled):
		return "", false
	}
	slow, ok := errors.AsType[net.Error](err)
	return "it takes connections and does not answer", ok && slow.Timeout()
}

// youngAnswer tells what passes from what does not by Confluent's error codes,
// which Karapace shares: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
func youngAnswer(answer *sr.ResponseError) (why string, young bool) {
	switch answer.ErrorCode {
	case sr.ErrRequestForwardingFailed.Code, sr.ErrUnknownLeader.Code:
		return "it answers, and has no primary that takes writes yet", true
	case sr.ErrStoreError.Code, sr.ErrOperationTimeout.Code:
		return "it answers, and its store does not yet", true
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Sprintf("it answers with HTTP status %d", answer.StatusCode), true
	}
	return "", false
}
