package cli

import (
	"bufio"
	"cmp"
	"slices"
)

// maxChronicle bounds the text that waits to be put in order of time.
const maxChronicle = 32 << 20

// chronicle puts lines in order of time: a topic is read partition after
// partition. A nil one writes at once.
type chronicle struct {
	out     *bufio.Writer
	crowded func() // told once, where only parts can be put in order
	lines   []chronicleLine
	bytes   int
	told    bool
}

type chronicleLine struct {
	at   int64
	text string
}

func (c *chronicle) write(out *bufio.Writer, at int64, text []byte) error {
	if c == nil {
		_, err := out.Write(text)
		return err
	}
	c.lines, c.bytes = append(c.lines, chronicleLine{at, string(text)}), c.bytes+len(text)
	if c.bytes < maxChronicle {
		return nil
	}
	if !c.told {
		c.told = true
		c.crowded()
	}
	return c.flush()
}

func (c *chronicle) flush() error {
	if c == nil {
		return nil
	}
	slices.SortStableFunc(c.lines, func(a, b chronicleLine) int { return cmp.Compare(a.at, b.at) })
	for _, line := range c.lines {
		if _, err := c.out.WriteString(line.text); err != nil {
			return err
		}
	}
	c.lines, c.bytes = c.lines[:0], 0
	return c.out.Flush()
}
