package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// DefaultInputMaxBytes is Kafka's own default for max.message.bytes.
const DefaultInputMaxBytes = 1048588

// CopyHeadroom is what a copy of an input record may be larger than the
// record: hold and dead-letter topics keep the original bytes and add headers.
const CopyHeadroom = 64 << 10

// Config says how to reach a cluster. The zero value of every optional field
// is a usable default.
type Config struct {
	// Brokers are the seed addresses, host:port. Required.
	Brokers []string
	// ClientID names this process in broker logs and quotas. Default "sluice".
	ClientID string
	// TLS is used where Enabled is set.
	TLS TLS
	// SASL is used where Mechanism is set.
	SASL SASL
	// Compression of what we write: "snappy" (default), "lz4", "zstd" or "none".
	Compression Compression
	// InputMaxBytes is the largest message that the input topic takes
	// (max.message.bytes). What we write may be CopyHeadroom larger. Default
	// DefaultInputMaxBytes; at most 64 MiB.
	InputMaxBytes int32
	// Dialer replaces the network, for tests (kfake.VirtualNetwork) and proxies.
	Dialer func(ctx context.Context, network, host string) (net.Conn, error)
	// Logger receives the client's messages, never record data. Nil is silent.
	Logger *slog.Logger
	// Hooks are kgo hooks for metrics and traces (kotel). kotel puts record
	// keys into spans unless told not to: whoever passes it has to tell it.
	Hooks []kgo.Hook
}

// Compression names a codec for what we write.
type Compression string

// The codecs that may be configured.
const (
	Snappy        Compression = "snappy"
	LZ4           Compression = "lz4"
	Zstd          Compression = "zstd"
	NoCompression Compression = "none"
)

// Validate reports every problem of the configuration at once.
func (c Config) Validate() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("brokers: at least one host:port is needed"))
	}
	for i, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			errs = append(errs, fmt.Errorf("brokers[%d]: %q is not host:port", i, b))
		}
	}
	switch c.Compression {
	case "", Snappy, LZ4, Zstd, NoCompression:
	default:
		errs = append(errs, fmt.Errorf("compression: %q is none of snappy, lz4, zstd, none", string(c.Compression)))
	}
	if c.InputMaxBytes < 0 || c.InputMaxBytes > 64<<20 {
		errs = append(errs, fmt.Errorf("input_max_bytes: %d is not between 0 and 64 MiB", c.InputMaxBytes))
	}
	errs = append(errs, c.TLS.validate(), c.SASL.validate())
	return errors.Join(errs...)
}

// MaxMessageBytes is the largest batch that a client with this configuration
// writes: the input's largest message and CopyHeadroom.
func (c Config) MaxMessageBytes() int32 {
	if c.InputMaxBytes == 0 {
		return DefaultInputMaxBytes + CopyHeadroom
	}
	return c.InputMaxBytes + CopyHeadroom
}

func (c Config) clientID() string {
	if c.ClientID == "" {
		return "sluice"
	}
	return c.ClientID
}

// Position is where a reader begins that has no committed offset. The zero
// value is the beginning of the log.
type Position struct {
	latest bool
	at     time.Time
}

// Earliest begins with the oldest record that the log still has.
func Earliest() Position { return Position{} }

// Latest begins with the first record written after the reader has looked.
func Latest() Position { return Position{latest: true} }

// At begins with the first record whose timestamp is t or later.
func At(t time.Time) Position { return Position{at: t} }

// ParsePosition reads "earliest", "latest" or an RFC 3339 time; empty is
// earliest.
func ParsePosition(s string) (Position, error) {
	switch strings.ToLower(s) {
	case "", "earliest":
		return Earliest(), nil
	case "latest":
		return Latest(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return Position{}, fmt.Errorf("parsing start position %q: want earliest, latest or a time such as 2006-01-02T15:04:05Z", s)
	}
	return At(t), nil
}

// String is the form that ParsePosition reads.
func (p Position) String() string {
	switch {
	case p.latest:
		return "latest"
	case !p.at.IsZero():
		return p.at.UTC().Format(time.RFC3339)
	default:
		return "earliest"
	}
}

// Timestamp is the position in the terms of a ListOffsets request: -2 for the
// beginning, -1 for the end, else Unix milliseconds.
func (p Position) Timestamp() int64 {
	switch {
	case p.latest:
		return -1
	case !p.at.IsZero():
		return p.at.UnixMilli()
	default:
		return -2
	}
}

func (p Position) offset() kgo.Offset {
	switch {
	case p.latest:
		return kgo.NewOffset().AtEnd()
	case !p.at.IsZero():
		return kgo.NewOffset().AfterMilli(p.at.UnixMilli())
	default:
		return kgo.NewOffset().AtStart()
	}
}
