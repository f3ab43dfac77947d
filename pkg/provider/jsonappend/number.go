package jsonappend

import (
	"math"
	"strconv"
)

// Finite reports whether f can be written as a JSON number.
func Finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// Float appends a number in its shortest form, never with an exponent. What
// is not a number is written as 0; callers ask Finite first.
func Float(dst []byte, f float64) []byte {
	if f == 0 || !Finite(f) { // also -0
		return append(dst, '0')
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// Decimal appends a number rounded to at most digits places after the point,
// without trailing zeros and never with an exponent: 80.00000000000001 is 80.
func Decimal(dst []byte, f float64, digits int) []byte {
	if n, ok := cents(f); ok && digits >= 2 && digits <= mostPlaces {
		return appendCents(dst, n)
	}
	if !Finite(f) {
		return append(dst, '0')
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', digits, 64)
	if digits > 0 {
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
		if dst[len(dst)-1] == '.' {
			dst = dst[:len(dst)-1]
		}
	}
	if string(dst[start:]) == "-0" {
		return append(dst[:start], '0')
	}
	return dst
}

// The amounts whose cents are written as they are.
const (
	mostAmount = 1e9
	mostPlaces = 6
)

// cents gives an ordinary price in hundredths; false where f is none. The number
// that is nearest to so many hundredths lies within 6e-8 of them below
// mostAmount, and no rounding to two to mostPlaces places can tell the two apart.
func cents(f float64) (int64, bool) {
	if !(f >= 0 && f < mostAmount) {
		return 0, false
	}
	n := int64(f*100 + 0.5)
	return n, float64(n)/100 == f
}

// appendCents appends an amount in hundredths, without trailing zeros.
func appendCents(dst []byte, n int64) []byte {
	dst = strconv.AppendInt(dst, n/100, 10)
	tens, ones := byte(n/10%10), byte(n%10)
	switch {
	case ones != 0:
		return append(dst, '.', '0'+tens, '0'+ones)
	case tens != 0:
		return append(dst, '.', '0'+tens)
	default:
		return dst
	}
}
