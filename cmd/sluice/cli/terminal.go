package cli

import (
	"strconv"
)

// colour says whether results may be coloured: only on a terminal, and never
// against NO_COLOR (no-color.org) or a terminal that cannot.
func (r *root) colour() bool {
	if lookup(r.environ, "NO_COLOR") != "" || lookup(r.environ, "TERM") == "dumb" {
		return false
	}
	return isTerminal(r.Out)
}

// painter colours words, or leaves them as they are.
type painter struct{ on bool }

func (p painter) paint(code, text string) string {
	if !p.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p painter) good(text string) string   { return p.paint("32", text) }
func (p painter) warn(text string) string   { return p.paint("33", text) }
func (p painter) bad(text string) string    { return p.paint("31", text) }
func (p painter) faint(text string) string  { return p.paint("2", text) }
func (p painter) strong(text string) string { return p.paint("1", text) }

// status colours the outcome of a decision by what it means for the event.
func (p painter) status(word, text string) string {
	switch word {
	case "queued", "delivered", "confirmed", "shadowed":
		return p.good(text)
	case "held", "retrying", "parked":
		return p.warn(text)
	case "skipped", "duplicate":
		return p.faint(text)
	default:
		return p.bad(text)
	}
}

// count gives a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
