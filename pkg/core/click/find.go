package click

import (
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Source says where an id was found.
type Source uint8

// The sources, in the order in which they are asked.
const (
	Nowhere Source = iota
	Field
	PageURL
	Referrer
)

var sourceNames = [...]string{"", "field", "url", "referrer"}

// String gives the word used in diagnostics.
func (s Source) String() string { return sourceNames[s] }

// Skew is how much later than the event its click may seem to be, milliseconds:
// clocks differ. A click that is later still did not lead to the event.
const Skew = 60_000

// Found is what an event has of one kind.
type Found struct {
	ID
	Source Source
	// Fault and Path tell what was no id, of the first such value; a value of
	// another source may have been found all the same.
	Fault Fault
	Path  string
}

// Has reports whether there is an id.
func (f *Found) Has() bool { return f.Source != Nowhere }

// Find gives the event's id of a kind: of its own field, else of the page's URL,
// else of the referrer. What is no id never displaces one that is.
func Find(e *event.Event, k Kind) Found {
	var f Found
	if raw := field(&e.Click, k); !raw.IsZero() && f.try(k, raw.Reveal(), Field, fieldPaths[k]) {
		return f
	}
	for i := range e.Click.Other {
		if o := &e.Click.Other[i]; named(k, o.Name) && f.try(k, o.Value.Reveal(), Field, "click.other") {
			return f
		}
	}
	if f.query(k, e.Page.URL, PageURL, "page.url") {
		return f
	}
	if e.Page.Referrer != "" && mentions(k, e.Page.Referrer) && (k == Fbclid || SameSite(e.Page.URL, e.Page.Referrer)) {
		f.query(k, e.Page.Referrer, Referrer, "page.referrer")
	}
	return f
}

// fieldPaths are the members of click.
var fieldPaths = [KindCount]string{
	"click.fbclid", "click.gclid", "click.gbraid", "click.wbraid", "click.dclid", "click.ttclid", "click.sccid", "click.epik",
	"click.rdt_cid", "click.li_fat_id", "click.msclkid", "click.twclid",
}

func named(k Kind, name string) bool {
	row := &kinds[k]
	return name == row.name || has(row.parameters, name) || has(row.cookies, name)
}

func mentions(k Kind, raw string) bool {
	for _, p := range kinds[k].parameters {
		if strings.Contains(raw, p) {
			return true
		}
	}
	return false
}

// query tries the parameters of a URL.
func (f *Found) query(k Kind, raw string, from Source, path string) bool {
	if raw == "" {
		return false
	}
	for _, p := range kinds[k].parameters {
		if v, ok := identity.QueryValue(raw, p); ok && f.try(k, v.Reveal(), from, path) {
			return true
		}
	}
	return false
}

// try takes a value where it is an id, and notes the first that is none.
func (f *Found) try(k Kind, value string, from Source, path string) bool {
	id, fault := Read(k, value)
	if fault == OK {
		f.ID, f.Source = id, from
		return true
	}
	if fault != Absent && f.Fault == OK {
		f.Fault, f.Path = fault, path
	}
	return false
}

// SameSite reports that two URLs are of one site: the same name under a public
// suffix, or the same host. An id in the address of another site belongs to that
// site's advertising. Where the page's address is not known, any will do.
func SameSite(page, referrer string) bool {
	if page == "" {
		return true
	}
	a, b := host(page), host(referrer)
	if a == b {
		return a != ""
	}
	one, err := publicsuffix.EffectiveTLDPlusOne(a)
	if err != nil {
		return false
	}
	other, err := publicsuffix.EffectiveTLDPlusOne(b)
	return err == nil && one == other
}

func host(raw string) string {
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
}
