package codec

import (
	"bytes"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// HeadOfJSON finds customer, name and time of an event in JSON and stops there:
// what stands behind them is looked at only when something wants the event. It
// does not allocate unless a value has escapes. Errors are *DecodeError.
func HeadOfJSON(value []byte) (Head, error) {
	if len(value) > MaxEventBytes {
		return Head{}, tooLarge()
	}
	value = withoutMark(value)
	c := coder{mode: parsing, buf: value, checked: true, maxField: MaxFieldBytes}
	s := scanner{buf: value}
	if s.peek() != '{' {
		return Head{}, undecodable("the value is not a JSON object")
	}
	s.pos++
	var h Head
	seen := 0
	for seen != 1|2|4 {
		key, ok := s.nextKey()
		if !ok {
			break
		}
		c.pos, c.json.found = s.pos, true
		if !s.skip(0) {
			break
		}
		seen |= headMember(&c, key, &h)
	}
	switch {
	case s.bad != "":
		c.broken("", s.bad)
	case !utf8.ValidString(h.EventName):
		c.broken("event_name", "it is not valid UTF-8")
	case seen&4 == 0:
		c.fail(decision.EventInvalid, "event_time", timeFault(0))
	}
	checkHead(&c, h.CustomerID, h.EventName)
	return h, c.err()
}

// headMember reads one member of the head, and says which.
func headMember(c *coder, key string, h *Head) int {
	if c.buf[c.pos] == 'n' {
		return 0
	}
	switch key {
	case "customer_id":
		c.parseString(key, &h.CustomerID)
		return 1
	case "event_name":
		c.parseString(key, &h.EventName)
		return 2
	case "event_time":
		c.parseTime(key, &h.EventTime)
		return 4
	}
	return 0
}

// DecodeEventJSON reads an event in JSON into dst, whose slices are reused.
// Strings alias value unless they have escapes. Unknown members are ignored,
// null is absent, a member that occurs twice is an error. dst.Origin is emptied:
// set it afterwards.
//
// Errors are *DecodeError. After event.invalid dst is complete, with
// impossible values in place of those that could not be read, so that
// AppendEvent makes an Avro event of it that is invalid again.
func DecodeEventJSON(dst *event.Event, value []byte) error {
	dst.Reset()
	if len(value) > MaxEventBytes {
		return tooLarge()
	}
	value = withoutMark(value)
	if err := checkObject(value); err != nil {
		return err
	}
	c := coder{notes: &dst.Notes, mode: parsing, buf: value, checked: true, maxField: MaxFieldBytes, maxEntries: MaxEntries}
	var members [64]member
	var frames [8]int
	c.json.members, c.json.frames = members[:0], frames[:0]
	s := scanner{buf: value}
	s.space()
	c.pos, c.json.found = s.pos, true
	c.openObject("")
	eventFields(&c, dst)
	c.closeObject()
	checkHead(&c, dst.CustomerID, dst.Name)
	return c.err()
}

// withoutMark drops the byte order mark that some programs write in front of
// UTF-8; RFC 8259 section 8.1 lets readers ignore it.
func withoutMark(value []byte) []byte { return bytes.TrimPrefix(value, []byte("\xef\xbb\xbf")) }

// checkObject checks that value is one JSON object in UTF-8 and nothing else.
func checkObject(value []byte) error {
	if !utf8.Valid(value) {
		return undecodable("the value is not valid UTF-8")
	}
	s := scanner{buf: value}
	if s.peek() != '{' {
		return undecodable("the value is not a JSON object")
	}
	if !s.skip(0) {
		return undecodable("the value is not JSON: %s", s.bad)
	}
	if s.space(); s.pos != len(value) {
		return undecodable("bytes follow the JSON object")
	}
	return nil
}
