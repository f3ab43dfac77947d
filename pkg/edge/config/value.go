package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time, written as Go does with days added: 200ms, 1m,
// 9d, 1d12h. A bare number is refused, because its unit would be a guess.
type Duration time.Duration

const day = 24 * time.Hour

var errDuration = errors.New("want a duration with its unit, such as 200ms, 30s, 1h or 9d")

// ParseDuration reads a duration.
func ParseDuration(s string) (Duration, error) {
	rest, days := s, time.Duration(0)
	if count, after, found := strings.Cut(s, "d"); found {
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil {
			return 0, errDuration
		}
		rest, days = after, time.Duration(n)*day
		if rest == "" {
			return Duration(days), nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || (days > 0 && d < 0) || d > math.MaxInt64-days || (rest == "0" && s != "0s") {
		return 0, errDuration
	}
	return Duration(days + d), nil
}

// Std gives the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the form that ParseDuration reads, without needless zeros.
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	days, rest := time.Duration(d)/day, time.Duration(d)%day
	text := ""
	if days > 0 {
		text = strconv.FormatInt(int64(days), 10) + "d"
	}
	if rest == 0 {
		return text
	}
	clock := rest.String()
	// 1h0m0s says no more than 1h.
	if strings.HasSuffix(clock, "m0s") {
		clock = strings.TrimSuffix(clock, "0s")
	}
	if strings.HasSuffix(clock, "h0m") {
		clock = strings.TrimSuffix(clock, "0m")
	}
	return text + clock
}

// Bytes is an amount of memory or data: 1048576, 64KiB, 8MiB, 1GiB.
type Bytes int64

var units = []struct {
	suffix string
	factor int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}

// ParseBytes reads an amount.
func ParseBytes(s string) (Bytes, error) {
	number, factor := s, int64(1)
	for _, u := range units {
		if cut, ok := strings.CutSuffix(s, u.suffix); ok {
			number, factor = strings.TrimSpace(cut), u.factor
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return 0, errors.New("want a number of bytes, such as 65536, 64KiB or 8MiB")
	}
	return Bytes(n * factor), nil
}

// Int gives the amount as an int.
func (b Bytes) Int() int { return int(b) }

// String writes the largest unit that divides the amount.
func (b Bytes) String() string {
	for i := len(units) - 1; i >= 0; i-- {
		if u := units[i]; b > 0 && int64(b)%u.factor == 0 {
			return fmt.Sprintf("%d%s", int64(b)/u.factor, u.suffix)
		}
	}
	return strconv.FormatInt(int64(b), 10)
}
