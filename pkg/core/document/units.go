package document

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

var errDuration = errors.New("want a duration with its unit, such as 200ms, 30s, 1h or 9d")

// ParseDuration reads a span of time, written as Go does with days added:
// 200ms, 1m, 9d, 1d12h. Days are 24 hours. A bare number is refused, because
// its unit would be a guess; so are negative spans.
func ParseDuration(s string) (time.Duration, error) {
	rest, days := s, time.Duration(0)
	if count, after, found := strings.Cut(s, "d"); found {
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil {
			return 0, errDuration
		}
		rest, days = after, time.Duration(n)*day
		if rest == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || (days > 0 && d < 0) || d > math.MaxInt64-days || (rest == "0" && s != "0s") {
		return 0, errDuration
	}
	return days + d, nil
}

// FormatDuration writes the form that ParseDuration reads, without needless
// zeros: 1d12h, 1h30m.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	days, rest := d/day, d%day
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

// durationUnits are the units of milliseconds, longest first.
var durationUnits = [...]struct {
	suffix string
	ms     int64
}{{"d", day.Milliseconds()}, {"h", 3600_000}, {"m", 60_000}, {"s", 1000}, {"ms", 1}}

// ParseMilliseconds reads a duration of resources, in whole milliseconds: 9d,
// 1h30m, 15m or 500ms.
func ParseMilliseconds(s string) (int64, error) {
	d, err := ParseDuration(s)
	if err != nil || d < 0 || strings.ContainsAny(s, ".uµn+") {
		return 0, errors.New("parsing duration: want a number and d, h, m, s or ms")
	}
	return d.Milliseconds(), nil
}

// FormatMilliseconds gives the shortest text of one unit that
// ParseMilliseconds reads back: 90m, not 1h30m.
func FormatMilliseconds(ms int64) string {
	if ms == 0 {
		return "0s"
	}
	for _, u := range durationUnits {
		if ms%u.ms == 0 {
			return strconv.FormatInt(ms/u.ms, 10) + u.suffix
		}
	}
	return strconv.FormatInt(ms, 10) + "ms"
}

var byteUnits = [...]struct {
	suffix string
	factor int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// ParseBytes reads an amount of memory or data: 1048576, 64KiB, 8MiB, 1GiB.
func ParseBytes(s string) (int64, error) {
	number, factor := s, int64(1)
	for _, u := range byteUnits {
		if cut, ok := strings.CutSuffix(s, u.suffix); ok {
			number, factor = strings.TrimSpace(cut), u.factor
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return 0, errors.New("want a number of bytes, such as 65536, 64KiB or 8MiB")
	}
	return n * factor, nil
}

// FormatBytes writes the largest unit that divides the amount.
func FormatBytes(n int64) string {
	for _, u := range byteUnits {
		if n > 0 && n%u.factor == 0 {
			return strconv.FormatInt(n/u.factor, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}

// rateUnits are the units of rates, shortest first.
var rateUnits = [...]struct {
	suffix  string
	seconds float64
}{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}

// parseRate reads a rate such as 200/s, 100/m or 5000/h, in events a second.
func parseRate(s string) (float64, error) {
	number, unit, ok := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if ok && err == nil && n > 0 && !math.IsInf(n, 0) {
		for _, u := range rateUnits {
			if u.suffix == strings.TrimSpace(unit) {
				return n / u.seconds, nil
			}
		}
	}
	return 0, errors.New("parsing rate: want a number above zero and /s, /m, /h or /d")
}

// formatRate gives text that parseRate reads back to the same number.
func formatRate(perSecond float64) string {
	for _, u := range rateUnits {
		n := perSecond * u.seconds
		if n == math.Trunc(n) && n/u.seconds == perSecond {
			return strconv.FormatFloat(n, 'f', -1, 64) + "/" + u.suffix
		}
	}
	return formatNumber(perSecond) + "/s"
}

// isDate reports whether s is a calendar date, alone or with a time.
func isDate(s string) bool {
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return true
	}
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}
