package x

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// Amounts: how many places are written at most, and the most that is taken for one.
const (
	decimals  = 6
	maxAmount = 1e12
)

// money appends value and currency. The example of X's page has the value as text
// with two places, its table calls it a number; senders write text.
func (b *builder) money() {
	b.Money(conversion.Optional)
	if b.Value.Set && (b.Value.Value < 0 || b.Value.Value > maxAmount) {
		b.Notes.Add(event.Path("commerce.value"), event.NoteInvalid)
		b.Value = event.Opt[float64]{}
	}
	if b.Value.Set {
		b.Scratch = appendAmount(b.Scratch[:0], b.Value.Value)
		b.Dst = jsonappend.Bytes(jsonappend.Key(b.Dst, "value"), identity.VouchBytes(b.Scratch))
	}
	if b.Currency != "" && (b.Value.Set || b.priced()) {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "price_currency"), identity.Vouch(b.Currency))
	}
}

// appendAmount writes at least two places after the point, and no exponent.
func appendAmount(dst []byte, v float64) []byte {
	start := len(dst)
	dst = jsonappend.Decimal(dst, v, decimals)
	for i := start; i < len(dst); i++ {
		if dst[i] == '.' {
			if i+2 == len(dst) {
				dst = append(dst, '0')
			}
			return dst
		}
	}
	return append(dst, ".00"...)
}

// priced reports whether the price of an item leaves.
func (b *builder) priced() bool {
	for i := range b.Event.Commerce.Items {
		if line, ok := b.Line(i); ok && price(&line) {
			return true
		}
	}
	return false
}

func price(line *conversion.Line) bool {
	return line.Price.Set && line.Price.Value >= 0 && line.Price.Value <= maxAmount
}

// maxLines bounds the lines of a cart, and maxItems the number of pieces.
const maxLines, maxItems = 100, 1_000_000

// contents appends the cart: its lines, and how many pieces they are.
func (b *builder) contents() {
	b.NoteLines()
	list := b.Array("contents")
	pieces, lines := int64(0), 0
	for i := range b.Event.Commerce.Items {
		line, ok := b.Line(i)
		if !ok {
			continue
		}
		if lines == maxLines {
			b.Notes.Add(event.Path("commerce.items"), event.NoteLimit)
			break
		}
		lines++
		pieces = min(pieces+min(line.Quantity, maxItems), maxItems)
		b.Dst = append(jsonappend.Comma(b.Dst), '{')
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "content_id"), line.ID)
		if b.target.names && !b.In.Sensitive {
			b.line("content_name", event.Entry("commerce.items", i, "name"), line.Item.Name)
		}
		if price(&line) {
			b.Dst = jsonappend.Decimal(jsonappend.Key(b.Dst, "content_price"), line.Price.Value, decimals)
		}
		b.Dst = strconv.AppendInt(jsonappend.Key(b.Dst, "num_items"), min(line.Quantity, maxItems), 10)
		b.ID("content_group_id", event.Entry("commerce.items", i, "group_id"), identity.Trim(line.Item.GroupID))
		b.Dst = append(b.Dst, '}')
	}
	b.Close(list)
	if pieces > 0 {
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "number_items"), pieces)
	}
}
