package codec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// The headers of records that Sluice writes. What changes between the hops of a
// delivery stands here and nowhere else, so that its value is copied byte for
// byte. None holds a secret or a personal value. Values are text.
const (
	// HeaderTraceParent is W3C trace context.
	HeaderTraceParent = "traceparent"
	// HeaderAttempt counts the attempts made so far.
	HeaderAttempt = "sluice-attempt"
	// HeaderFirstHandover is when the delivery was first written to a delivery
	// topic, epoch ms.
	HeaderFirstHandover = "sluice-first-handover"
	// HeaderLastAttempt is when the provider was last asked, epoch ms.
	HeaderLastAttempt = "sluice-last-attempt"
	// HeaderCause is the reason code of the move.
	HeaderCause = "sluice-cause"
	// HeaderReplayID is the replay that moved or wrote the record.
	HeaderReplayID = "sluice-replay-id"
	// HeaderHTTPStatus and HeaderProviderCode are the provider's last answer.
	HeaderHTTPStatus   = "sluice-http-status"
	HeaderProviderCode = "sluice-provider-code"
	// HeaderClass is the class of that answer, such as transient.
	HeaderClass = "sluice-class"
	// HeaderSource is the input record, topic/partition@offset.
	HeaderSource = "sluice-source"
	// HeaderDestination is the destination id.
	HeaderDestination = "sluice-destination"
	// HeaderAppVersion is the version of Sluice that wrote the record.
	HeaderAppVersion = "sluice-app-version"

	// HeaderAuthor, HeaderAppliedAt and HeaderApplyReason say who applied a
	// resource, when (RFC 3339) and why.
	HeaderAuthor      = "sluice-author"
	HeaderAppliedAt   = "sluice-applied-at"
	HeaderApplyReason = "sluice-apply-reason"
	// HeaderMethod says how the author of a consent record came to write it,
	// such as "sluice consent set" or the name of a consent service. Consent
	// services of others write HeaderAuthor and HeaderMethod too.
	HeaderMethod = "sluice-method"
)

// Hop is what a delivery's headers say. Zero fields are absent.
type Hop struct {
	Attempt       int32
	FirstHandover int64 // epoch ms
	LastAttempt   int64 // epoch ms
	Cause         decision.Reason
	ReplayID      string
	HTTPStatus    int32
	ProviderCode  string
	Class         string
	Source        string
	Destination   string
	AppVersion    string
	Traceparent   string
}

// hopHeaders are the headers that a Hop owns: a move replaces them.
var hopHeaders = [...]string{
	HeaderAttempt, HeaderFirstHandover, HeaderLastAttempt, HeaderCause, HeaderReplayID, HeaderHTTPStatus,
	HeaderProviderCode, HeaderClass, HeaderSource, HeaderDestination, HeaderAppVersion, HeaderTraceParent,
}

// ParseHop reads a record's headers. A header that occurs twice counts as it
// stands last. Unknown headers are ignored; one that does not parse is an
// error, because attempts and times decide how long a delivery is tried.
func ParseHop(headers []kgo.RecordHeader) (Hop, error) {
	var h Hop
	for _, header := range headers {
		if err := h.set(header.Key, string(header.Value)); err != nil {
			return h, fmt.Errorf("parsing header %s: %w", header.Key, err)
		}
	}
	return h, nil
}

func (h *Hop) set(key, value string) error {
	var err error
	switch key {
	case HeaderAttempt:
		h.Attempt, err = parseCount(value)
	case HeaderFirstHandover:
		h.FirstHandover, err = parseMillis(value)
	case HeaderLastAttempt:
		h.LastAttempt, err = parseMillis(value)
	case HeaderHTTPStatus:
		h.HTTPStatus, err = parseCount(value)
	case HeaderCause:
		// A newer program's reason is no reason to stop.
		h.Cause, _ = parseReason(value)
	case HeaderReplayID:
		h.ReplayID = value
	case HeaderProviderCode:
		h.ProviderCode = value
	case HeaderClass:
		h.Class = value
	case HeaderSource:
		h.Source = value
	case HeaderDestination:
		h.Destination = value
	case HeaderAppVersion:
		h.AppVersion = value
	case HeaderTraceParent:
		h.Traceparent = value
	}
	return err
}

var errHeaderNumber = errors.New("it is not a number in range")

func parseCount(text string) (int32, error) {
	v, err := strconv.ParseInt(text, 10, 32)
	if err != nil || v < 0 {
		return 0, errHeaderNumber
	}
	return int32(v), nil
}

func parseMillis(text string) (int64, error) {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 0 {
		return 0, errHeaderNumber
	}
	return v, nil
}

// Append appends the headers that are not zero.
func (h Hop) Append(dst []kgo.RecordHeader) []kgo.RecordHeader {
	number := func(key string, v int64) {
		if v != 0 {
			dst = append(dst, kgo.RecordHeader{Key: key, Value: strconv.AppendInt(nil, v, 10)})
		}
	}
	text := func(key, v string) {
		if v != "" {
			dst = append(dst, kgo.RecordHeader{Key: key, Value: []byte(v)})
		}
	}
	number(HeaderAttempt, int64(h.Attempt))
	number(HeaderFirstHandover, h.FirstHandover)
	number(HeaderLastAttempt, h.LastAttempt)
	text(HeaderCause, reasonCode(h.Cause))
	text(HeaderReplayID, h.ReplayID)
	number(HeaderHTTPStatus, int64(h.HTTPStatus))
	text(HeaderProviderCode, h.ProviderCode)
	text(HeaderClass, h.Class)
	text(HeaderSource, h.Source)
	text(HeaderDestination, h.Destination)
	text(HeaderAppVersion, h.AppVersion)
	text(HeaderTraceParent, h.Traceparent)
	return dst
}

// Replace gives a moved record's headers: those of others as they were, and
// ours as h says.
func (h Hop) Replace(old []kgo.RecordHeader) []kgo.RecordHeader {
	kept := make([]kgo.RecordHeader, 0, len(old)+len(hopHeaders))
	for _, header := range old {
		if !isHopHeader(header.Key) {
			kept = append(kept, header)
		}
	}
	return h.Append(kept)
}

func isHopHeader(key string) bool {
	for _, ours := range hopHeaders {
		if key == ours {
			return true
		}
	}
	return false
}

// TraceParent gives a record's trace context, nil where it has none that has
// the form of one: what analytics writes there must not carry anything else on.
func TraceParent(headers []kgo.RecordHeader) []byte {
	for _, h := range headers {
		if h.Key == HeaderTraceParent && isTraceParent(h.Value) {
			return h.Value
		}
	}
	return nil
}

// isTraceParent checks the form 00-<32 hex>-<16 hex>-<2 hex>.
func isTraceParent(b []byte) bool {
	const length = 55
	if len(b) != length {
		return false
	}
	for i, ch := range b {
		dash := i == 2 || i == 35 || i == 52
		if dash != (ch == '-') || !dash && strings.IndexByte("0123456789abcdef", ch) < 0 {
			return false
		}
	}
	return true
}
