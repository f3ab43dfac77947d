package jsonappend

import "time"

// Time appends an instant, in epoch milliseconds, as a quoted RFC 3339 string in
// UTC with milliseconds.
func Time(dst []byte, ms int64) []byte {
	t := time.UnixMilli(ms).UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return append(t.AppendFormat(append(dst, '"'), "2006-01-02T15:04:05.000Z"), '"')
	}
	hour, minute, second := t.Clock()
	milli := t.Nanosecond() / int(time.Millisecond)
	dst = twoDigits(twoDigits(append(dst, '"'), year/100), year%100)
	dst = twoDigits(append(dst, '-'), int(month))
	dst = twoDigits(append(dst, '-'), day)
	dst = twoDigits(append(dst, 'T'), hour)
	dst = twoDigits(append(dst, ':'), minute)
	dst = twoDigits(append(dst, ':'), second)
	return append(twoDigits(append(dst, '.', byte('0'+milli/100)), milli%100), 'Z', '"')
}

func twoDigits(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }
