package config

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// Duration is a span of time, written as Go does with days added: 200ms, 1m,
// 9d, 1d12h. A bare number is refused, because its unit would be a guess.
type Duration time.Duration

// ParseDuration reads a duration.
func ParseDuration(s string) (Duration, error) {
	d, err := document.ParseDuration(s)
	return Duration(d), err
}

// Std gives the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the form that ParseDuration reads, without needless zeros.
func (d Duration) String() string { return document.FormatDuration(time.Duration(d)) }

// Bytes is an amount of memory or data: 1048576, 64KiB, 8MiB, 1GiB.
type Bytes int64

// ParseBytes reads an amount.
func ParseBytes(s string) (Bytes, error) {
	n, err := document.ParseBytes(s)
	return Bytes(n), err
}

// Int gives the amount as an int.
func (b Bytes) Int() int { return int(b) }

// String writes the largest unit that divides the amount.
func (b Bytes) String() string { return document.FormatBytes(int64(b)) }
