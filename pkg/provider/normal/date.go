package normal

import "time"

// The years that a date of birth may have besides the current and the next.
const firstYear = 1900

// BirthDate reads day, month and year from the first three groups of digits
// and gives YYYYMMDD. A group above 31 in first or second place is the year,
// else the third is; of the other two the first is the month unless it is above
// 12. So 05/03/1995 is May: producers should send ISO dates. Years of two
// digits and names of months are refused.
func BirthDate(dst []byte, s string, h Hints) ([]byte, bool) {
	var group [3]int
	n, width := 0, 0
	for i := 0; i < len(s) && n < len(group); {
		if !digit(s[i]) {
			i++
			continue
		}
		v, from := 0, i
		for ; i < len(s) && digit(s[i]); i++ {
			if v < 1e9 { // anything longer is refused below
				v = v*10 + int(s[i]-'0')
			}
		}
		group[n] = v
		width = i - from
		n++
	}
	var year, month, dayOfMonth int
	switch {
	case n == 1 && width == 8:
		year, month, dayOfMonth = group[0]/10000, group[0]/100%100, group[0]%100
		return appendDate(dst, year, month, dayOfMonth, h)
	case n < 3:
		return dst, false
	case group[0] > 31:
		year, month, dayOfMonth = group[0], group[1], group[2]
	case group[1] > 31:
		year, month, dayOfMonth = group[1], group[0], group[2]
	default:
		year, month, dayOfMonth = group[2], group[0], group[1]
	}
	if month > 12 {
		month, dayOfMonth = dayOfMonth, month
	}
	return appendDate(dst, year, month, dayOfMonth, h)
}

func appendDate(dst []byte, year, month, dayOfMonth int, h Hints) ([]byte, bool) {
	if year < firstYear || year > time.UnixMilli(h.Now).UTC().Year()+1 || month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > 31 {
		return dst, false
	}
	return append(dst, byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10),
		byte('0'+month/10), byte('0'+month%10), byte('0'+dayOfMonth/10), byte('0'+dayOfMonth%10)), true
}

// BirthDay gives the day of a date whose parts come alone, 01 to 31.
func BirthDay(dst []byte, s string, _ Hints) ([]byte, bool) { return twoDigits(dst, s, 31) }

// BirthMonth gives the month of such a date, 01 to 12.
func BirthMonth(dst []byte, s string, _ Hints) ([]byte, bool) { return twoDigits(dst, s, 12) }

// BirthYear gives the year of such a date, as four digits.
func BirthYear(dst []byte, s string, _ Hints) ([]byte, bool) {
	if len(s) != 4 || !allDigits(s) {
		return dst, false
	}
	return append(dst, s...), true
}

// twoDigits pads a number of 1 to limit.
func twoDigits(dst []byte, s string, limit int) ([]byte, bool) {
	if len(s) > 2 || !allDigits(s) {
		return dst, false
	}
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	if n < 1 || n > limit {
		return dst, false
	}
	return append(dst, byte('0'+n/10), byte('0'+n%10)), true
}
