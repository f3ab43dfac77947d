package meta

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// builder is the state of one Build. It lives on the stack: nothing below may
// store a pointer to it or call through it indirectly.
type builder struct {
	in      *provider.Input
	ev      *event.Event
	dest    *destination
	mapping *mapping
	hints   Hints

	payload.Writer
	payload.Findings
	digests payload.Digests // of the identifier in hand

	action   string // action_source
	channel  string // messaging_channel, where action is business_messaging
	value    event.Opt[float64]
	currency string

	keys      keySet // identifiers written
	safeItems uint64 // items whose id may leave; see noteItems
	click     bool   // click ids may be used
	relies    consent.PurposeSet
}

// drop notes that an identifier was there and is left out.
func (b *builder) drop(k decision.Kind, why decision.DropReason) { b.Dropped[k] = why }

// sourceWords are the words of source that an event may have.
const sourceWords = "web, app, in_store, phone, email, chat, system, other"

// actionSource translates where the action happened. A conversation that
// carries messaging ids is business messaging.
func actionSource(e *event.Event) (action, channel string) {
	source := e.EffectiveSource()
	if e.Messaging.Channel != "" && (source == "" || source == event.SourceChat || source == event.SourceOther) {
		return "business_messaging", e.Messaging.Channel
	}
	for _, s := range actionSources {
		if s.source == source {
			return s.action, ""
		}
	}
	return "", ""
}
