package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/twmb/franz-go/pkg/sr"
)

// Young says why a registry that failed with err may do better soon; false
// where repeating the same cannot help.
func Young(err error) (why string, young bool) {
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
