package normal

import (
	"bytes"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// Email gives the normaliser of a form. Every form lower-cases and wants one @
// with something before it and a name with a dot behind it. White space inside is
// refused by the forms plain and gmail_dots_tag, which is what their providers'
// documents describe, and removed by the others. The domain is never rewritten.
func Email(form resource.EmailForm) Func {
	shape := emailShapes[form]
	return func(dst []byte, s string, _ Hints) ([]byte, bool) { return shape.append(dst, s) }
}

// emailShape is what a form drops of an address.
type emailShape struct {
	spaces    bool // white space inside is removed, else refused
	dots      bool // of the local part
	tag       bool // from the first plus sign of the local part
	gmailOnly bool // dots and tag only in front of Gmail's two domains
}

var emailShapes = map[resource.EmailForm]emailShape{
	resource.EmailPlain:     {},
	resource.EmailNoSpace:   {spaces: true},
	resource.EmailGmailDots: {spaces: true, dots: true, gmailOnly: true},
	resource.EmailGmailTag:  {dots: true, tag: true, gmailOnly: true},
	resource.EmailAllTag:    {spaces: true, dots: true, tag: true},
}

func (e *emailShape) append(dst []byte, s string) ([]byte, bool) {
	start := len(dst)
	dst = identity.AppendLower(dst, s)
	dst = identity.ComposeTail(dst, start)
	text, ok := e.spaceless(dst[start:])
	if !ok {
		return dst[:start], false
	}
	at := bytes.IndexByte(text, '@')
	if at <= 0 || !domainName(text[at+1:]) {
		return dst[:start], false
	}
	if e.gmailOnly && string(text[at+1:]) != "gmail.com" && string(text[at+1:]) != "googlemail.com" {
		return dst[:start+len(text)], true
	}
	kept := 0
	for _, c := range text[:at] {
		if e.tag && c == '+' {
			break
		}
		if e.dots && c == '.' {
			continue
		}
		text[kept] = c
		kept++
	}
	if kept == 0 {
		return dst[:start], false
	}
	kept += copy(text[kept:], text[at:])
	return dst[:start+kept], true
}

// spaceless removes white space in place, or refuses it.
func (e *emailShape) spaceless(text []byte) ([]byte, bool) {
	kept := 0
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			return nil, false
		case !identity.IsSpace(r):
			kept += copy(text[kept:], text[i:i+n])
		case !e.spaces:
			return nil, false
		}
		i += n
	}
	return text[:kept], true
}

// domainName wants at least two labels, none of them empty, and no second @.
func domainName(b []byte) bool {
	dots, last := 0, byte('.')
	for _, c := range b {
		if c == '@' || c == '.' && last == '.' {
			return false
		}
		if c == '.' {
			dots++
		}
		last = c
	}
	return dots > 0 && last != '.'
}
