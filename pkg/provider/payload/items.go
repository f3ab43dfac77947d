package payload

import (
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// ItemID checks the id of a line of the cart, which is trimmed, and what the line
// says of quantity and price; why is empty where it may leave. A line of a
// discount is no article: catalogues do not know it, and providers refuse
// negative amounts.
func ItemID(item *event.Item, id string) (clean identity.Clean, why event.NoteCode) {
	switch {
	case id == "":
		return identity.Clean{}, event.NoteNoID
	case identity.Placeholder(identity.AnyField, id):
		return identity.Clean{}, event.NotePlaceholder
	case item.Quantity.Set && item.Quantity.Value <= 0, item.Price.Set && item.Price.Value < 0:
		return identity.Clean{}, event.NoteNotPositive
	}
	clean, ok := identity.CleanID(id)
	if !ok {
		return identity.Clean{}, event.NoteUnsafe
	}
	return clean, ""
}

// LineLeftOut notes that line i of the cart is left out.
func (w *Writer) LineLeftOut(i int, why event.NoteCode) {
	switch why {
	case event.NoteUnsafe:
		w.Refused(event.Entry("commerce.items", i, "id"))
	case event.NotePlaceholder:
		w.Notes.Add(event.Entry("commerce.items", i, "id"), why)
	default:
		w.Notes.Add(event.Entry("commerce.items", i, ""), why)
	}
}
