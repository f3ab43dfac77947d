package identity

// ibanLengths are the lengths of the countries that have bank account numbers of
// ISO 13616 (registry of SWIFT, release 99).
var ibanLengths = func() (table [26 * 26]uint8) {
	const list = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23" +
		"GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30" +
		"NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"
	for i := 0; i < len(list); i += 4 {
		table[pairOf(list[i], list[i+1])] = (list[i+2]-'0')*10 + list[i+3] - '0'
	}
	return table
}()

// maxIBAN is the longest account number, and ibanHead how far before its first
// seven digits together it can begin, with separators.
const maxIBAN, ibanHead = 34, 16

// ibanBefore reports whether an account number begins in front of or in the
// digits s[start:end]: country, check digits, and then letters and digits,
// together or in groups.
func ibanBefore(s string, start, end int) bool {
	for i := max(0, start-ibanHead); i+4 < end && i <= start; i++ {
		if isLetter(s[i]) && isLetter(s[i+1]) && isDigit(s[i+2]) && boundaryAt(s, i) && ibanEnd(s, i) > 0 {
			return true
		}
	}
	return false
}

// findIBAN finds the first account number.
func findIBAN(s string, from int) (start, end int, ok bool) {
	for i := from; i+4 < len(s); i++ {
		if isLetter(s[i]) && isLetter(s[i+1]) && isDigit(s[i+2]) && (i == from || boundaryAt(s, i)) {
			if end = ibanEnd(s, i); end > 0 {
				return i, end, true
			}
		}
	}
	return 0, 0, false
}

// ibanEnd gives the end of the account number that begins at i with two letters,
// zero where none does: its country's length and a remainder of 1 by 97 (ISO
// 7064), the first four characters moved behind the others.
func ibanEnd(s string, i int) int {
	length := int(ibanLengths[pairOf(s[i]&^0x20, s[i+1]&^0x20)])
	if length == 0 {
		return 0
	}
	var account [maxIBAN]byte
	n, j := 0, i
	for ; j < len(s) && n < length; j++ {
		switch c := s[j]; {
		case isAlnum(c):
			account[n] = c
			n++
		case n < 4 || !is(c, groupByte) || !isAlnum(s[j-1]):
			return 0
		}
	}
	if n < length || j < len(s) && isAlnum(s[j]) || !isDigit(account[3]) {
		return 0
	}
	remainder := 0
	for k := range length {
		c := account[(k+4)%length]
		if isDigit(c) {
			remainder = (remainder*10 + int(c-'0')) % 97
		} else {
			remainder = (remainder*100 + int(c&^0x20-'A') + 10) % 97
		}
	}
	if remainder != 1 || s[i]|0x20 == 'n' && s[i+1]|0x20 == 'o' && !norwegian(account[4:length]) {
		return 0
	}
	return j
}

// norwegian checks the account number's own check digit (modulo 11): NO is how
// many shops begin the numbers of their orders.
func norwegian(account []byte) bool {
	sum := 0
	for i, weight := range [...]int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1} {
		if !isDigit(account[i]) {
			return false
		}
		sum += weight * int(account[i]-'0')
	}
	return sum%11 == 0
}
