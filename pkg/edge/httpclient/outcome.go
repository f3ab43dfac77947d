package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// ErrNotAllowed is wrapped by the error of a request that the configuration
// refuses: another host, http instead of https, an address that is not on the
// public internet.
var ErrNotAllowed = errors.New("refusing to send the request")

// errAddress is what the dialer reports; Failure translates it.
var errAddress = errors.New("address not allowed")

// Outcome is what is known about a request after it was tried.
type Outcome struct {
	// Kind is the zero Answered where there is a complete answer.
	Kind Kind
	// Err says what went wrong; nil where Kind is Answered. Its text holds no
	// URL and nothing that the other side wrote.
	Err error
}

// Kind tells apart what a sender must treat differently.
type Kind uint8

// The kinds of outcome.
const (
	// Answered: an answer came, whatever its status says.
	Answered Kind = iota
	// NotSent: the provider cannot have received the request completely, so
	// it counts as if it had never been tried.
	NotSent
	// MaybeSent: the request was written and no complete answer came. The
	// provider may have acted on it; only the same bytes with the same ids may
	// be sent again.
	MaybeSent
)

// String gives the word used in logs and metrics.
func (k Kind) String() string {
	switch k {
	case Answered:
		return "answered"
	case NotSent:
		return "not_sent"
	default:
		return "maybe_sent"
	}
}

// Failure is the error of a request without a complete answer.
type Failure struct {
	// Host is the host and port that the request was for.
	Host string
	// Cause is one of a fixed set of words, fit for a metric: dns,
	// address_not_allowed, refused, unreachable, tls, timeout, cancelled,
	// reset, protocol, body, other.
	Cause string
	// known is an error whose text is harmless, for errors.Is.
	known error
}

var causeTexts = map[string]string{
	"dns":                 "its name cannot be resolved",
	"address_not_allowed": "its name leads to an address that is not on the public internet",
	"refused":             "it refused the connection",
	"unreachable":         "it cannot be reached",
	"tls":                 "no trusted TLS connection could be made",
	"timeout":             "it did not answer in time",
	"cancelled":           "the request was cancelled",
	"reset":               "it closed the connection before it had answered",
	"protocol":            "its answer is not HTTP",
	"body":                "its answer broke off",
	"other":               "the request failed",
}

// Error says what happened, in words of ours only.
func (f *Failure) Error() string { return "sending to " + f.Host + ": " + causeTexts[f.Cause] }

// Unwrap gives context.Canceled, context.DeadlineExceeded or ErrNotAllowed
// where that was the cause.
func (f *Failure) Unwrap() error { return f.known }

// failure reduces any error of the transport to one of our words: errors of
// net/http may repeat the URL or bytes of the answer.
func failure(host string, err error) *Failure {
	cause, known := classify(err)
	return &Failure{Host: host, Cause: cause, known: known}
}

// networkCauses gives the words for errors of the operating system.
var networkCauses = []struct {
	err   error
	cause string
}{
	{syscall.ECONNREFUSED, "refused"},
	{syscall.ECONNRESET, "reset"},
	{syscall.EPIPE, "reset"},
	{net.ErrClosed, "reset"},
	{syscall.ENETUNREACH, "unreachable"},
	{syscall.EHOSTUNREACH, "unreachable"},
	{syscall.EADDRNOTAVAIL, "unreachable"},
}

func classify(err error) (cause string, known error) {
	switch {
	case errors.Is(err, errAddress):
		return "address_not_allowed", ErrNotAllowed
	case errors.Is(err, context.Canceled):
		return "cancelled", context.Canceled
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "dns", nil
	}
	if timeout(err) {
		return "timeout", context.DeadlineExceeded
	}
	for _, n := range networkCauses {
		if errors.Is(err, n.err) {
			return n.cause, nil
		}
	}
	switch {
	case isTLS(err):
		return "tls", nil
	case isEOF(err):
		return "reset", nil
	case isProtocol(err):
		return "protocol", nil
	default:
		return "other", nil
	}
}

func timeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	netErr, ok := errors.AsType[net.Error](err)
	return ok && netErr.Timeout()
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.AlertError](err)
	return ok || strings.Contains(err.Error(), "tls: ")
}

// isEOF knows the words of net/http for a connection that ended, which it
// does not export as values.
func isEOF(err error) bool {
	text := err.Error()
	return strings.Contains(text, "EOF") || strings.Contains(text, "server closed idle connection") || strings.Contains(text, "GOAWAY")
}

func isProtocol(err error) bool {
	text := err.Error()
	return strings.Contains(text, "malformed HTTP") || strings.Contains(text, "server response headers exceeded")
}
