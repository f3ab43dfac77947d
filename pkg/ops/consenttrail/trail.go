// Package consenttrail tells who changed a subject's consent, when, and from
// what to what, out of the versions that the consent topic still holds.
package consenttrail

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Version is one record of a subject, as it was read.
type Version struct {
	Customer string
	Record   consent.Record
	// Unreadable: nobody can decode the record, which denies. Removed: the
	// record is a tombstone.
	Unreadable, Removed bool
	// StoredAt is when the broker stored it.
	StoredAt time.Time
	// Author and Method are what the headers sluice-author and sluice-method
	// say; empty where they do not.
	Author, Method string
	Partition      int32
	Offset         int64
}

// The actions of a change.
const (
	First      = "first"      // the oldest version that is held
	Changed    = "changed"    // at least one field has another value
	Repeated   = "repeated"   // the same again, perhaps of another time
	Removed    = "removed"    // a tombstone: what events say themselves counts again
	Unreadable = "unreadable" // a record that denies because nobody can read it
)

// Change is one version and what it changed, a public contract.
type Change struct {
	Customer string `json:"customer_id"`
	StoredAt string `json:"stored_at"`            // RFC 3339, the broker's time
	MadeAt   string `json:"updated_at,omitempty"` // RFC 3339, when the choice was made, by the record
	Author   string `json:"author"`               // empty: no header names one
	Method   string `json:"method"`               // such as "sluice consent set"; empty: no header names one
	Action   string `json:"action"`
	// Complete: what stood before is known. Otherwise it was compacted away, and
	// From is empty everywhere.
	Complete bool `json:"complete"`
	// Erased: the subject's erasure holds from here on.
	Erased bool    `json:"erased"`
	Fields []Field `json:"fields"`
	// Partition and Offset are the version's place in the consent topic.
	Partition int32 `json:"partition"`
	Offset    int64 `json:"offset"`
}

// Field is one member of the record with its values before and after; null: not
// given.
type Field struct {
	Name string  `json:"name"`
	From *string `json:"from"`
	To   *string `json:"to"`
}

// Answer is the trail of a subject, newest first.
type Answer struct {
	Changes []Change `json:"changes"`
	// KeptSeconds is for how long every version is held, at least; 0 where the
	// topic may be compacted at any time.
	KeptSeconds int64 `json:"kept_seconds"`
}

// Tell makes the trail of one subject of one customer out of its versions,
// oldest first. A version from before complete may have had others before it.
func Tell(versions []Version, complete time.Time) []Change {
	out := make([]Change, 0, len(versions))
	var before map[string]string // nil: not known
	erased := false
	for i := range versions {
		v := &versions[i]
		if i == 0 && !v.StoredAt.Before(complete) {
			before = map[string]string{}
		}
		after := members(v)
		c := Change{
			Customer: v.Customer, StoredAt: v.StoredAt.UTC().Format(time.RFC3339), Author: printable(v.Author), Method: printable(v.Method),
			Complete: before != nil, Fields: difference(before, after), Partition: v.Partition, Offset: v.Offset,
		}
		erased = stillErased(erased, v)
		c.Erased = erased
		c.Action = action(v, i == 0, c.Fields)
		if !v.Removed && !v.Unreadable {
			c.MadeAt = time.UnixMilli(v.Record.UpdatedAt).UTC().Format(time.RFC3339)
		}
		out = append(out, c)
		before = after
	}
	return out
}

// stillErased follows consent.After: only an explicit grant lifts an erasure,
// and a tombstone removes its marker.
func stillErased(erased bool, v *Version) bool {
	if v.Removed || v.Unreadable {
		return erased && !v.Removed
	}
	grants := consent.NormaliseRecord(v.Record, 0).Explicit.Has(consent.AdUserData)
	return v.Record.Erased || erased && !grants
}

func action(v *Version, first bool, fields []Field) string {
	switch {
	case v.Removed:
		return Removed
	case v.Unreadable:
		return Unreadable
	case first:
		return First
	case len(fields) == 0:
		return Repeated
	default:
		return Changed
	}
}

// members are what a record says, by the names that files of records have.
func members(v *Version) map[string]string {
	if v.Removed || v.Unreadable {
		return map[string]string{}
	}
	text := codec.AppendConsentJSON(nil, &codec.SubjectRecord{CustomerID: "c", SubjectID: identity.NewRaw("s"), Record: v.Record})
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &all); err != nil {
		return map[string]string{"record": fmt.Sprintf("cannot be told: %v", err)} // ours is always an object
	}
	out := map[string]string{}
	for name, value := range all {
		if name == "customer_id" || name == "subject_id" || name == "updated_at" {
			continue
		}
		var said string
		if json.Unmarshal(value, &said) != nil {
			said = string(value) // true, false, a list
		}
		if (name == "erased" || name == "opt_out_overridden") && said == "false" {
			continue // plain booleans: false is what a record says that does not say them
		}
		out[name] = said
	}
	return out
}

// difference lists what two records say otherwise, by name.
func difference(before, after map[string]string) []Field {
	names := maps.Clone(before)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, after)
	fields := []Field{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		from, was := before[name]
		to, is := after[name]
		if was == is && from == to {
			continue
		}
		f := Field{Name: name}
		if was {
			f.From = &from
		}
		if is {
			f.To = &to
		}
		fields = append(fields, f)
	}
	return fields
}

// maxHeader bounds what is shown of a header, in characters: other programs
// write them.
const maxHeader = 200

// printable is a header's text without what would move a terminal's cursor.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > maxHeader {
		s = string(r[:maxHeader]) + "…"
	}
	return s
}
