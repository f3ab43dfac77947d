package event

import "strconv"

// Note names one thing of an event that was left out, changed or looks odd on
// its way: where it stands and what about it, never its value.
type Note struct {
	Path string // such as commerce.items[1].id
	Code NoteCode
}

// NoteCode says what it is about. New ones may be added.
type NoteCode string

// What was left out.
const (
	NotePlaceholder NoteCode = "placeholder"  // stands for no value: undefined, (not set), {{id}}
	NoteInvalid     NoteCode = "invalid"      // the provider takes nothing of this form
	NoteUnsafe      NoteCode = "unsafe"       // looks like personal data where none belongs
	NoteOtherDigest NoteCode = "other_digest" // MD5, SHA-1 and the like; providers match SHA-256
	NoteDigestForm  NoteCode = "digest_form"  // hashed from another form than the provider hashes
	NoteNoCountry   NoteCode = "no_country"   // a national phone number of no known country
	NoteNoID        NoteCode = "no_id"        // a line of the cart without an id
	NoteNotPositive NoteCode = "not_positive" // a quantity or price that no purchase has
	NoteLimit       NoteCode = "limit"        // more than the provider takes
	NoteUnreadable  NoteCode = "unreadable"   // neither string, number nor boolean
	NoteAfterEvent  NoteCode = "after_event"  // a click later than the event that it should have led to
	NoteNotAllowed  NoteCode = "not_allowed"  // the destination's identifiers leave it out
	NoteConsent     NoteCode = "consent"      // a purpose that it needs is not given
	NoteUnsupported NoteCode = "unsupported"  // the provider has no member for it
)

// What was changed or is only odd.
const (
	NoteRounded     NoteCode = "rounded"      // a quantity of goods sold by weight, rounded up
	NoteReplaced    NoteCode = "replaced"     // half a character, now U+FFFD
	NoteTimeMissing NoteCode = "time_missing" // the event's time stands in for it
	NoteTimeAhead   NoteCode = "time_ahead"   // lies in the future
	NoteTimeForm    NoteCode = "time_form"    // not in milliseconds
	NoteAssumed     NoteCode = "assumed"      // missing, and counted as the cautious answer
	NoteForm        NoteCode = "form"         // sent, though the platform's own ids look otherwise
)

// noteSentences say each code to a person.
var noteSentences = map[NoteCode]string{
	NotePlaceholder: "stands for no value and was left out",
	NoteInvalid:     "has no form that the provider takes and was left out",
	NoteUnsafe:      "looks like personal data and was left out",
	NoteOtherDigest: "is a digest of another kind than SHA-256 and was left out",
	NoteDigestForm:  "was hashed from another form than the provider hashes and was left out; see prehashed of the destination",
	NoteNoCountry:   "is a national number of no known country and was left out; send identity.country or +, or set defaults.phone_country",
	NoteNoID:        "has no id and was left out",
	NoteNotPositive: "has a quantity or price that no purchase has and was left out",
	NoteLimit:       "is over the provider's limit and was left out",
	NoteUnreadable:  "is neither string, number nor boolean and was left out",
	NoteAfterEvent:  "is later than the event, so the click id was left out; look for a time zone that was cut off",
	NoteNotAllowed:  "is not in the destination's identifiers and was left out",
	NoteConsent:     "needs a purpose that is not given and was left out",
	NoteUnsupported: "has no place at this provider and was left out",
	NoteRounded:     "is no whole number and was rounded up",
	NoteReplaced:    "holds half a character, which was replaced",
	NoteTimeMissing: "is missing; the event's time stands in, so other events of the click may carry another one",
	NoteTimeAhead:   "lies in the future",
	NoteTimeForm:    "is not in milliseconds",
	NoteAssumed:     "is missing and counts as no",
	NoteForm:        "has not the form of the platform's own ids",
}

// Sentence says the note to a person.
func (n Note) Sentence() string {
	if s, ok := noteSentences[n.Code]; ok {
		return n.Path + " " + s
	}
	return n.Path + ": " + string(n.Code)
}

// MaxNotes bounds what is noted about one event.
const MaxNotes = 20

// Notes are the notes about one event for one destination, without repeats. The
// zero value is empty and allocates nothing until something is noted.
type Notes []Note

// Add notes code about the member at a path.
func (n *Notes) Add(at At, code NoteCode) {
	if len(*n) >= MaxNotes {
		return
	}
	path := at.String()
	for _, known := range *n {
		if known.Path == path && known.Code == code {
			return
		}
	}
	*n = append(*n, Note{Path: path, Code: code})
}

// At is the path of a member, put together only where something is noted.
type At struct {
	Prefix string // such as commerce.items
	Index  int    // of an entry of the prefix, counted from one; zero: none
	Name   string // of a member below; "" for the prefix itself
}

// Path is the path of a member that is no list's.
func Path(path string) At { return At{Prefix: path} }

// Member is a member below a prefix.
func Member(prefix, name string) At { return At{Prefix: prefix, Name: name} }

// Entry is a list's entry i, or a member of it.
func Entry(list string, i int, name string) At { return At{Prefix: list, Index: i + 1, Name: name} }

// String gives the path as messages show it.
func (a At) String() string {
	s := a.Prefix
	if a.Index > 0 {
		s += "[" + strconv.Itoa(a.Index-1) + "]"
	}
	if a.Name != "" {
		s += "." + a.Name
	}
	return s
}
