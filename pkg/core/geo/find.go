package geo

import "sort"

// findAlpha2 looks up a code of two letters of either case and gives it in
// capitals, as it stands in the table: nothing is allocated and s is not kept.
func findAlpha2(s string) (string, bool) {
	i := countryIndex(s)
	if i < 0 {
		return "", false
	}
	return alpha2[2*i : 2*i+2], true
}

// countryIndex is the place of a country in alpha2, or -1.
func countryIndex(s string) int {
	if len(s) != 2 {
		return -1
	}
	a, b := s[0]&^0x20, s[1]&^0x20
	if a < 'A' || a > 'Z' || b < 'A' || b > 'Z' || s[0] < 'A' || s[1] < 'A' {
		return -1
	}
	return int(countryAt[int(a-'A')*26+int(b-'A')]) - 1
}

// countryAt is the place of a country in alpha2 plus one, by its letters.
var countryAt = func() (at [26 * 26]uint8) {
	for i := range len(alpha2) / 2 {
		at[int(alpha2[2*i]-'A')*26+int(alpha2[2*i+1]-'A')] = uint8(i + 1)
	}
	return at
}()

// findAlpha3 looks up three letters in lower case and gives the two.
func findAlpha3(s string) (string, bool) {
	n := len(alpha3) / 5
	i := sort.Search(n, func(i int) bool { return compareFolded(alpha3[5*i:5*i+3], s) >= 0 })
	if i == n || compareFolded(alpha3[5*i:5*i+3], s) != 0 {
		return "", false
	}
	return alpha3[5*i+3 : 5*i+5], true
}

// regionWidth is that of an entry of subdivisions: country, code, parent.
const regionWidth = 2 + 3 + 3

// regionsFrom is where the subdivisions of each country of alpha2 begin; the
// next country's are where they end.
var regionsFrom = func() (from [len(alpha2)/2 + 1]uint16) {
	at := 0
	for i := range len(alpha2) / 2 {
		for at < len(subdivisions)/regionWidth && subdivisions[at*regionWidth:at*regionWidth+2] < alpha2[2*i:2*i+2] {
			at++
		}
		from[i] = uint16(at)
	}
	from[len(from)-1] = uint16(len(subdivisions) / regionWidth)
	return from
}()

// findRegion looks up a code of a subdivision, of either case.
func findRegion(country, s string) (string, bool) {
	at := regionIndex(country, s)
	if at < 0 {
		return "", false
	}
	return padded(at, 2), true
}

// regionIndex is the place of a subdivision in subdivisions, or -1.
func regionIndex(country, s string) int {
	i := countryIndex(country)
	if i < 0 || len(s) == 0 || len(s) > 3 {
		return -1
	}
	low, high := int(regionsFrom[i]), int(regionsFrom[i+1])
	at := low + sort.Search(high-low, func(k int) bool { return compareFolded(padded(low+k, 2), s) >= 0 })
	if at == high || compareFolded(padded(at, 2), s) != 0 {
		return -1
	}
	return at
}

// padded is a code of three characters in an entry, without its padding.
func padded(at, from int) string {
	code := subdivisions[at*regionWidth+from:][:3]
	for len(code) > 0 && code[len(code)-1] == ' ' {
		code = code[:len(code)-1]
	}
	return code
}

// compareFolded compares a code in capitals with a text of either case.
func compareFolded(code, s string) int {
	for i := range min(len(code), len(s)) {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if code[i] != c {
			return int(code[i]) - int(c)
		}
	}
	return len(code) - len(s)
}

// Parent gives the subdivision that a subdivision is part of, such as VLG for
// VAN (Antwerp) in Belgium; "" where it is part of its country only, or not
// known.
func Parent(country, region string) string {
	at := regionIndex(country, region)
	if at < 0 {
		return ""
	}
	return padded(at, 5)
}

// Within tells whether a subdivision of a country is another one or lies in it.
func Within(country, region, other string) bool {
	for range 3 { // the deepest nesting is two
		if region == other {
			return true
		}
		if region = Parent(country, region); region == "" {
			return false
		}
	}
	return false
}
