package replay

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Source is what a replay reads.
type Source string

// The sources.
const (
	FromEvents      Source = "events"     // the input topic
	FromDeadLetters Source = "deadletter" // dead letters of the router and of every sender
	FromDeliveries  Source = "delivery"   // the delivery topics
)

// Mode says what is sent again.
type Mode string

// The modes.
const (
	// Failed: what has a diagnostic and is neither delivered nor pending.
	Failed Mode = "failed"
	// Undelivered: that, and events that no diagnostic speaks of.
	Undelivered Mode = "undelivered"
)

// Filter narrows a replay. A list that is empty lets everything pass.
type Filter struct {
	Customers, Destinations, Events, EventIDs []string
	// Reasons and Statuses are those of the newest decision. A reason that ends
	// in a dot stands for all that begin with it.
	Reasons, Statuses []string
}

// Definition is what a replay does. It never changes once the replay has begun.
type Definition struct {
	From Source
	Mode Mode
	// Since and Until bound when records were written; zero: no bound.
	Since, Until    time.Time
	Filter          Filter
	PastDedupWindow bool
	// Asked is how the command was worded, to tell whether the same id is asked
	// for something else.
	Asked string
}

// Validate says what is wrong with a definition.
func (d *Definition) Validate() error {
	switch {
	case !slices.Contains([]Source{FromEvents, FromDeadLetters, FromDeliveries}, d.From):
		return fmt.Errorf("replay from %q: want events, deadletter or delivery", d.From)
	case d.Mode != Failed && d.Mode != Undelivered:
		return fmt.Errorf("replay mode %q: want failed or undelivered", d.Mode)
	case !d.Until.IsZero() && !d.Since.Before(d.Until):
		return errors.New("a replay's end must be after its beginning")
	}
	return nil
}

// Dangers are the reasons for asking whether a replay is really meant.
func (d *Definition) Dangers() []string {
	var all []string
	if d.Mode == Undelivered {
		all = append(all, "it also sends events that were never decided, such as everything before a mapping existed")
	}
	if d.PastDedupWindow {
		all = append(all, "it sends events whose browser copy the provider no longer recognises, which may count twice")
	}
	f := &d.Filter
	if len(f.Customers)+len(f.Destinations)+len(f.EventIDs) == 0 {
		all = append(all, "it names no customer, destination or event id: it is for all customers at once")
	}
	if d.From == FromEvents && d.Since.IsZero() && len(f.EventIDs) == 0 {
		all = append(all, "it has no beginning: it reads everything that the input topic still holds")
	}
	return all
}

// about says whether an event of a customer may be meant at all.
func (f *Filter) about(customer, name string) bool {
	return in(f.Customers, customer) && in(f.Events, name)
}

// fate says whether what became of an event is asked for.
func (f *Filter) fate(status decision.Status, reason decision.Reason) bool {
	return in(f.Statuses, status.String()) && (len(f.Reasons) == 0 || slices.ContainsFunc(f.Reasons, func(word string) bool {
		code := reason.String()
		return word == code || strings.HasSuffix(word, ".") && strings.HasPrefix(code, word)
	}))
}

func in(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }

// wants says what to do with an event at a mapping, by what became of it.
func (d *Definition) wants(fate history.Outcome) bool {
	switch fate.State {
	case history.Failed:
		return true
	case history.Never:
		return d.Mode == Undelivered
	default:
		return false
	}
}

const (
	timeForm  = time.RFC3339Nano
	separator = ","
)

// settings is the definition as it is stored.
func (d *Definition) settings() []codec.StateSetting {
	var all []codec.StateSetting
	add := func(name, value string) {
		if value != "" {
			all = append(all, codec.StateSetting{Name: name, Value: value})
		}
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(timeForm)
	}
	add("from", string(d.From))
	add("mode", string(d.Mode))
	add("since", at(d.Since))
	add("until", at(d.Until))
	for _, l := range d.lists() {
		add(l.name, strings.Join(*l.words, separator))
	}
	if d.PastDedupWindow {
		add("past_dedup_window", strconv.FormatBool(true))
	}
	add("asked", d.Asked)
	return all
}

type namedList struct {
	name  string
	words *[]string
}

func (d *Definition) lists() []namedList {
	f := &d.Filter
	return []namedList{
		{"customer", &f.Customers}, {"destination", &f.Destinations}, {"event", &f.Events}, {"event_id", &f.EventIDs},
		{"reason", &f.Reasons}, {"status", &f.Statuses},
	}
}

// definitionOf reads a stored definition.
func definitionOf(s *codec.State) (Definition, error) {
	value := map[string]string{}
	for _, v := range s.Settings {
		value[v.Name] = strings.Clone(v.Value)
	}
	d := Definition{From: Source(value["from"]), Mode: Mode(value["mode"]), Asked: value["asked"], PastDedupWindow: value["past_dedup_window"] != ""}
	for _, l := range d.lists() {
		if words := value[l.name]; words != "" {
			*l.words = strings.Split(words, separator)
		}
	}
	for name, into := range map[string]*time.Time{"since": &d.Since, "until": &d.Until} {
		if value[name] == "" {
			continue
		}
		at, err := time.Parse(timeForm, value[name])
		if err != nil {
			return d, fmt.Errorf("reading replay %s: %w", s.Name, err)
		}
		*into = at
	}
	return d, d.Validate()
}
