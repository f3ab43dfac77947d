package identity

// isDate recognises 2026-11-20, 20.11.2026 and a time of day after either.
func isDate(s string) bool {
	if len(s) < 10 || len(s) > 10 && s[10] != ' ' {
		return false
	}
	if sep := s[4]; !isDigit(sep) {
		return sep == s[7] && allDigits(s[:4]) && within(s[5:7], 12) && within(s[8:10], 31) && yearLike(s[:4])
	}
	sep := s[2]
	return !isDigit(sep) && sep == s[5] && allDigits(s[6:10]) && yearLike(s[6:10]) &&
		(within(s[:2], 31) && within(s[3:5], 12) || within(s[:2], 12) && within(s[3:5], 31))
}

// yearFirst reports that a year or a date stands in front of a number, behind
// which a separator follows: 2026-11-0042, 20261121 0042. No phone number is
// written so.
func yearFirst(s string) bool {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == len(s) {
		return false
	}
	return n == 4 && yearLike(s) || n == 8 && yearLike(s) && within(s[4:6], 12) && within(s[6:8], 31)
}

// dateFirst reports that digits without separators begin with a date, as numbers
// of orders do that are made of the time: yyMMdd of 2015 to 2033, yyyyMMdd,
// ddMMyyyy, or ddMMyy of the same years.
func dateFirst(s string) bool {
	if len(s) < 8 {
		return false
	}
	day := func(s string) bool { return within(s, 31) }
	month := func(s string) bool { return within(s, 12) }
	recent := func(s string) bool { return s >= "15" && s <= "33" }
	return recent(s[:2]) && month(s[2:4]) && day(s[4:6]) ||
		yearLike(s) && month(s[4:6]) && day(s[6:8]) ||
		day(s[:2]) && month(s[2:4]) && (recent(s[4:6]) || yearLike(s[4:]))
}

// ranges reports that s is made of ranges such as 25-34 35-44 or 38/40 42/44,
// which name ages and sizes: two ascending numbers of at most three digits around
// each sign.
func ranges(s string) bool {
	for {
		from, n := shortNumber(s)
		if n == 0 || n == len(s) || s[n] != '-' && s[n] != '/' {
			return false
		}
		s = s[n+1:]
		to, n := shortNumber(s)
		if n == 0 || to <= from {
			return false
		}
		if n == len(s) {
			return true
		}
		if s[n] != ' ' {
			return false
		}
		s = s[n+1:]
	}
}

// shortNumber reads a number of one to three digits; n is zero where there is
// none.
func shortNumber(s string) (v, n int) {
	for n < len(s) && isDigit(s[n]) {
		if n == 3 {
			return 0, 0
		}
		v = v*10 + int(s[n]-'0')
		n++
	}
	return v, n
}

func yearLike(s string) bool { return s[:2] == "19" || s[:2] == "20" }

// within reads two digits of 1 to limit.
func within(s string, limit int) bool {
	if !allDigits(s) {
		return false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n >= 1 && n <= limit
}

// bookNumber reports an ISBN: thirteen digits from 978 or 979 with the check
// digit of a GTIN.
func bookNumber(s string) bool {
	if len(s) < 13 || s[:2] != "97" || s[2] != '8' && s[2] != '9' {
		return false
	}
	var digits [13]byte
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			continue
		}
		if n == len(digits) {
			return false
		}
		digits[n] = s[i]
		n++
	}
	return n == len(digits) && gtin(digits[:])
}
