package identity

import "strings"

// National ids are known by a form that nothing else has and by their check
// digits. Numbers that are digits alone, or a date and digits, are none here: one
// in ten or eleven numbers of orders has their check digit.

// form is a national id: d stands for a digit, L for a letter, everything else
// for itself. It begins with so many digits together.
type form struct {
	layout string
	lead   int
	text   bool // in free text only: shops number so too
	valid  func(id string) bool
}

// numberForms begin with a digit, or X, Y, Z in front of one.
var numberForms = [...]form{
	{"ddd.dddd.dddd.dd", 3, false, swiss},
	{"dd.dd.dd-ddd.dd", 2, false, belgian},
	{"ddd.ddd.ddd-dd", 3, false, brazilian},
	{"dddddddddddddddddd", 18, false, chinese},
	{"dddddddddddddddddL", 17, false, chinese},
	{"ddddddddL", 8, true, spanish},
	{"dddddd-dddL", 6, true, finnish},
}

// nationalNumber reports a national id that begins in s[start:end].
func nationalNumber(s string, start, end int, r rule) bool {
	lead := 0
	for i := start; i < end; i += max(lead, 1) {
		for lead = 0; i+lead < end && isDigit(s[i+lead]); lead++ {
		}
		if lead == 0 {
			continue
		}
		if !boundaryAt(s, i) {
			if !r.id && s[i-1]|0x20 >= 'x' && boundaryAt(s, i-1) && hasForm(s, i, "dddddddL") && spanish(s[i-1:i+8]) {
				return true
			}
			continue
		}
		for k := range numberForms {
			f := &numberForms[k]
			if f.lead == lead && !(f.text && r.id) && hasForm(s, i, f.layout) && f.valid(s[i:i+len(f.layout)]) {
				return true
			}
		}
	}
	return false
}

// hasForm reports whether s has the form of layout at i, and no letter or digit
// goes on behind it.
func hasForm(s string, i int, layout string) bool {
	end := i + len(layout)
	if end > len(s) || end < len(s) && isAlnum(s[end]) {
		return false
	}
	for k := range len(layout) {
		c := s[i+k]
		switch layout[k] {
		case 'd':
			if !isDigit(c) {
				return false
			}
		case 'L':
			if !isLetter(c) {
				return false
			}
		default:
			if c != layout[k] {
				return false
			}
		}
	}
	return true
}

// nationalWord reports a national id of letters and digits: Italy's codice
// fiscale or Mexico's CURP.
func nationalWord(word string) bool {
	switch len(word) {
	case 16:
		return hasForm(word, 0, "LLLLLLddLddLdddL") && italian(word)
	case 18:
		return (hasForm(word, 0, "LLLLddddddLLLLLLdd") || hasForm(word, 0, "LLLLddddddLLLLLLLd")) && mexican(word)
	default:
		return false
	}
}

// digitsOf gives the digits of s as numbers.
func digitsOf(s string) (list [18]int) {
	n := 0
	for i := range len(s) {
		if isDigit(s[i]) && n < len(list) {
			list[n] = int(s[i] - '0')
			n++
		}
	}
	return list
}

// swiss checks the AHV number: 756 and the check digit of a GTIN.
func swiss(id string) bool {
	return strings.HasPrefix(id, "756") && gtin([]byte(strings.ReplaceAll(id, ".", "")))
}

// belgian checks the rijksregisternummer: modulo 97, a 2 in front for those who
// were born since 2000.
func belgian(id string) bool {
	d := digitsOf(id)
	n := 0
	for _, v := range d[:9] {
		n = n*10 + v
	}
	check := d[9]*10 + d[10]
	return check == 97-n%97 || check == 97-(2_000_000_000+n)%97
}

// brazilian checks both check digits of the CPF.
func brazilian(id string) bool {
	d := digitsOf(id)
	for n := 9; n <= 10; n++ {
		sum := 0
		for i := range n {
			sum += d[i] * (n + 1 - i)
		}
		if sum*10%11%10 != d[n] {
			return false
		}
	}
	return true
}

// chinese checks the resident identity number: a date of birth, and ISO 7064
// modulo 11-2 with X for 10.
func chinese(id string) bool {
	if !yearLike(id[6:8]) || !within(id[10:12], 12) || !within(id[12:14], 31) || id[0] == '0' || id[0] > '8' {
		return false
	}
	check := int(id[17] - '0')
	if !isDigit(id[17]) {
		if id[17]|0x20 != 'x' {
			return false
		}
		check = 10
	}
	sum := check
	for i := range 17 {
		sum += int(id[i]-'0') * (1 << (17 - i) % 11)
	}
	return sum%11 == 1
}

// spanish checks the letter of DNI and NIE.
func spanish(id string) bool {
	if id[0]|0x20 >= 'x' { // X, Y, Z stand for 0, 1, 2
		id = string('0'+id[0]|0x20-'x') + id[1:]
	}
	n := 0
	for i := range 8 {
		n = n*10 + int(id[i]-'0')
	}
	return "TRWAGMYFPDXBNJZSQVHLCKE"[n%23] == id[8]&^0x20 && !dateFirst(id[:8])
}

// finnish checks the character of the henkilötunnus: modulo 31.
func finnish(id string) bool {
	n := 0
	for _, c := range id[:6] + id[7:10] {
		n = n*10 + int(c-'0')
	}
	return within(id[:2], 31) && within(id[2:4], 12) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[n%31] == id[10]&^0x20
}

// italian checks the letter of the codice fiscale.
func italian(id string) bool {
	// What a character in an odd place counts, 0 to 9 as A to J.
	const odd = "\x01\x00\x05\x07\x09\x0d\x0f\x11\x13\x15\x02\x04\x12\x14\x0b\x03\x06\x08\x0c\x0e\x10\x0a\x16\x19\x18\x17"
	sum := 0
	for i := range 15 {
		v := int(id[i] - '0')
		if !isDigit(id[i]) {
			v = int(id[i]&^0x20 - 'A')
		}
		if i%2 == 0 {
			v = int(odd[v])
		}
		sum += v
	}
	return byte(sum%26)+'A' == id[15]&^0x20 && strings.IndexByte("ABCDEHLMPRST", id[8]&^0x20) >= 0
}

// mexican checks the last digit of the CURP: letters count from 10 on, with Ñ
// behind N.
func mexican(id string) bool {
	sum := 0
	for i := range 17 {
		c := id[i]
		v := int(c - '0')
		if !isDigit(c) {
			if v = int(c&^0x20-'A') + 10; c&^0x20 > 'N' {
				v++
			}
		}
		sum += v * (18 - i)
	}
	return (10-sum%10)%10 == int(id[17]-'0') && within(id[6:8], 12) && within(id[8:10], 31) && strings.IndexByte("HMX", id[10]&^0x20) >= 0
}
