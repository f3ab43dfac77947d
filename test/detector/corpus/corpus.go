// Package corpus holds texts and ids of which is known whether they hold
// personal data or a secret: rows that people made, in the contexts and encodings
// in which they occur, and what shops write that is harmless. It is the same
// every time. People, numbers and secrets are made up.
package corpus

// Rule is one of the two ways to judge a string; see docs/gates.md.
type Rule uint8

// The rules.
const (
	Text Rule = iota
	ID
)

// Case is one string.
type Case struct {
	Group string // the kind, encoding or format
	Text  string
	Rule  Rule
}

// Kinds are the kinds of the rule, each row in every context of its rule.
func Kinds() []Case {
	var list []Case
	for _, k := range kinds {
		for _, row := range k.rows() {
			for _, c := range textContexts {
				list = append(list, Case{k.name + ", free text", c.before + row + c.behind, Text})
			}
			if k.textOnly {
				continue
			}
			for _, c := range idContexts {
				list = append(list, Case{k.name + ", ids", c.before + row + c.behind, ID})
			}
		}
	}
	for _, k := range textKinds {
		for _, row := range k.rows() {
			for _, c := range textContexts {
				list = append(list, Case{k.name + ", free text", c.before + row + c.behind, Text})
			}
		}
	}
	return list
}

// Encodings are e-mail addresses, phone and card numbers, disguised.
func Encodings() []Case {
	var list []Case
	for _, e := range encodings {
		for _, of := range e.of {
			for _, row := range of.rows() {
				list = append(list, Case{of.name + ": " + e.name, e.write(row), Text})
			}
		}
	}
	return list
}

type context struct{ before, behind string }

// textContexts are what stands around a value in texts.
var textContexts = []context{{"", ""}, {"please use ", " from now on"}, {"(", ")"}, {"contact: ", "."}, {"Grüße, ", " – danke"}, {"note=", ""}, {`{"value":"`, `"}`}}

// idContexts are how a value becomes a part of an id.
var idContexts = []context{{"", ""}, {"lead-", ""}, {"order:", ":1"}, {"", "_1700000000"}, {"", "-1"}, {"", "/1"}, {"web_", ""}, {"2026/11/", ""}, {"call ", ""}}

// kind is one kind of the rule.
type kind struct {
	name     string
	rows     func() []string
	textOnly bool
}

var kinds = []kind{
	{"e-mail", emails, false}, {"phone", phones, false}, {"card", cards, false}, {"IBAN", ibans, false}, {"national id", nationalIDs, false}, {"token", tokens, false},
}

// textKinds are forms that count in free text alone.
var textKinds = []kind{
	{"phone with separators", separatedPhones, true}, {"national id that shops number like", textNationalIDs, true}, {"secret without a prefix", bareSecrets, true},
}
