package meta

import (
	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// oddTime warns of a creation time that lies in the future or is not in
// milliseconds.
func (b *builder) oddTime(path string, id BrowserID) {
	switch odd, ahead := id.odd(b.in.Now); {
	case ahead:
		b.Notes.Add(event.Path(path), event.NoteTimeAhead)
		b.Warned++
	case odd:
		b.Notes.Add(event.Path(path), event.NoteTimeForm)
		b.Warned++
	}
}

// fbc appends the click id: its cookie, or one built from the click id. The
// time of the click is used, not that of the conversion, so that every event of
// a click carries the same value.
func (b *builder) fbc() bool {
	found := click.Find(b.ev, click.Fbclid)
	if found.Fault != click.OK {
		b.Notes.Add(event.Path(found.Path), payload.ClickNote(found.Fault))
	}
	seen := b.seen(&found)
	value, ok := AppendFbc(b.Scratch[:0], Click{
		Cookie: b.ev.Click.Fbc, Fbclid: identity.NewRaw(found.Value), PageURL: b.ev.Page.URL, Seen: seen,
	})
	b.Scratch = value
	if !ok {
		return false
	}
	id, cookie := ParseBrowserID(b.ev.Click.Fbc.Reveal())
	switch {
	case cookie && (!found.Has() || id.Payload == found.Value):
		b.oddTime("click.fbc", id)
	case b.ev.Click.CapturedAt <= 0 && found.At == 0:
		b.Notes.Add(event.Path("click.captured_at"), event.NoteTimeMissing)
	}
	b.Dst = jsonappend.Bytes(b.Dst, identity.VouchBytes(value))
	return true
}

// seen is when the click was: as the event says, else as its cookie does, else
// the event's own time. No click is later than what it led to.
func (b *builder) seen(found *click.Found) int64 {
	at := b.ev.Click.CapturedAt
	if at <= 0 {
		at = found.At
	}
	if at <= 0 {
		return b.ev.Time
	}
	if at > b.ev.Time+click.Skew {
		b.Notes.Add(event.Path("click.captured_at"), event.NoteTimeAhead)
	}
	return min(at, b.ev.Time)
}
