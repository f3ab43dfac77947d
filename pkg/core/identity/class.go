package identity

import "unicode/utf8"

// What a byte can be. One look at a table tells what several comparisons, or a
// search in a list, would; every byte of an event's texts is asked for.
const (
	digitByte     = 1 << iota // 0 to 9; lowest, so that it can be added up
	atByte                    // @, and % of one that is escaped: without either nothing is x@y.z
	tokenByte                 // what secrets are made of
	localByte                 // what may stand before the @ of an address
	hostByte                  // what an ordinary host is made of: ASCII only
	plainURLByte              // what stands for itself wherever it is in a URL
	separatorByte             // what people write between the digits of a phone number
	inkByte                   // ASCII that is neither space nor a control character below it
	dialByte                  // what a card or phone number is made of, and all that is not ASCII
	veilByte                  // what escapes begin with, and all that is not ASCII
	spaceByte                 // ASCII white space
	groupByte                 // what stands between the groups of a card number
	bracketByte               // what opens "[at]"
	assignByte                // what stands between a name and its value
	alnumByte                 // ASCII letters and digits
	prefixByte                // what the secrets of well-known services begin with
)

var classes = func() (table [256]uint16) {
	mark := func(class uint16, of string) {
		for i := range len(of) {
			table[of[i]] |= class
		}
	}
	for i := range table {
		c := byte(i)
		if isDigit(c) {
			table[i] |= digitByte
		}
		if isDigit(c) || isLetter(c) {
			table[i] |= tokenByte | hostByte | plainURLByte | alnumByte
		}
		if isWord(c) {
			table[i] |= localByte
		}
		if c > ' ' && c < utf8.RuneSelf {
			table[i] |= inkByte
		}
		if isDigit(c) || c >= utf8.RuneSelf {
			table[i] |= dialByte
		}
		if c >= utf8.RuneSelf {
			table[i] |= veilByte
		}
	}
	mark(atByte, "@%")
	mark(veilByte, "%&\\=+")
	mark(spaceByte, " \t\n\r")
	mark(groupByte, " \t-._/,")
	mark(bracketByte, "([{<")
	mark(assignByte, "=:")
	for _, p := range tokenPrefixes {
		table[p.prefix[0]] |= prefixByte
	}
	mark(tokenByte, "_-./~+")
	mark(localByte, ".%+-!#$&'*^`{|}~")
	mark(hostByte, "_-.")
	mark(plainURLByte, "_-.=")
	mark(separatorByte, " -./()")
	mark(dialByte, " \t-./()[]+,_")
	return table
}()

// is reports whether c is of one of the classes.
func is(c byte, class uint16) bool { return classes[c]&class != 0 }

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isWord(c byte) bool   { return isDigit(c) || isLetter(c) || c == '_' || c >= utf8.RuneSelf }
