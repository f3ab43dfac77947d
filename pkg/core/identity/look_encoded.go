package identity

// alphabet is a way to write bytes as letters and digits.
type alphabet struct {
	bits  int // of one letter
	least int // letters that can hide an address
	value [256]int8
}

// The alphabets in which texts are hidden: base64 of both kinds, base32 and hex
// in either case.
var alphabets = [...]*alphabet{
	newAlphabet(6, minToken, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
	newAlphabet(5, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "abcdefghijklmnopqrstuvwxyz234567"),
	newAlphabet(4, 16, "0123456789ABCDEF", "0123456789abcdef"),
}

func newAlphabet(bits, least int, letters ...string) *alphabet {
	a := &alphabet{bits: bits, least: least}
	for i := range a.value {
		a.value[i] = -1
	}
	for _, list := range letters {
		for i := range len(list) {
			a.value[list[i]] = int8(i)
		}
	}
	return a
}

// decode appends the text that word stands for. ok is false, and what was read
// until then returned, where it is no text: control characters and bytes above
// ASCII show at the first bytes that a word is no encoded text.
func (a *alphabet) decode(dst []byte, word string) (text []byte, ok bool) {
	bits, n := 0, 0
	for i := range len(word) {
		v := a.value[word[i]]
		if v < 0 {
			return dst, false
		}
		bits = (bits<<a.bits | int(v)) & 0xFFFF
		if n += a.bits; n < 8 {
			continue
		}
		n -= 8
		c := byte(bits >> n)
		if !is(c, inkByte|spaceByte) {
			return dst, false
		}
		dst = append(dst, c)
	}
	return dst, n < a.bits && bits&(1<<n-1) == 0
}

// encoded judges what a word hides that is written in base64, base32 or hex.
func (r rule) encoded(word string, nested int) Suspect {
	var buf [128]byte
	for _, a := range alphabets {
		if len(word) < a.least {
			continue
		}
		if text, ok := a.decode(buf[:0], word); ok {
			if k := r.judge(string(text), nested); k != NotSuspect {
				return k
			}
		}
	}
	return NotSuspect
}
