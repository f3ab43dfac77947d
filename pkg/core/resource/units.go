package resource

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The units that durations are written in, longest first.
var durationUnits = [...]struct {
	suffix string
	ms     int64
}{
	{"d", 24 * 60 * 60 * 1000}, {"h", 60 * 60 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1},
}

// ParseDuration reads a duration such as 9d, 1h30m, 15m or 500ms and gives it
// in milliseconds. Days are 24 hours. It refuses negative, empty and
// unit-less text.
func ParseDuration(s string) (int64, error) {
	var total int64
	rest := s
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		unit := rest[digits:]
		if end := strings.IndexAny(unit, "0123456789"); end >= 0 {
			unit = unit[:end]
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		scale := unitOf(unit)
		if err != nil || scale == 0 || n > (math.MaxInt64/4)/scale {
			return 0, fmt.Errorf("parsing duration: want a number and d, h, m, s or ms")
		}
		total += n * scale
		if total > math.MaxInt64/4 {
			return 0, fmt.Errorf("parsing duration: too long")
		}
		rest = rest[digits+len(unit):]
	}
	if s == "" {
		return 0, fmt.Errorf("parsing duration: want a number and d, h, m, s or ms")
	}
	return total, nil
}

func unitOf(suffix string) int64 {
	for _, u := range durationUnits {
		if u.suffix == suffix {
			return u.ms
		}
	}
	return 0
}

// FormatDuration gives the shortest text that ParseDuration reads back.
func FormatDuration(ms int64) string {
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

// parseRate reads a rate such as 200/s, 100/m or 5000/h, in events a second.
func parseRate(s string) (float64, error) {
	number, unit, ok := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	scale := unitOf(strings.TrimSpace(unit))
	if !ok || err != nil || scale < 1000 || !(n > 0) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("parsing rate: want a number above zero and /s, /m, /h or /d")
	}
	return n * 1000 / float64(scale), nil
}

// formatRate gives text that parseRate reads back to the same number.
func formatRate(perSecond float64) string {
	for _, u := range [...]struct {
		suffix  string
		seconds float64
	}{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}} {
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
