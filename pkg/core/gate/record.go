package gate

import (
	"cmp"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Recorder turns results into the records that are published. It is the one
// place where an event's fields enter a diagnostic, so that what is not copied
// here cannot leak there.
type Recorder struct {
	Pseudonym  identity.Pseudonym
	AppVersion string
}

// Decision describes r as a diagnostic of the given stage.
func (w *Recorder) Decision(c *Case, r *Result, stage decision.Stage, replayID string) (d decision.Decision) {
	route, e := c.Route, c.Event
	w.event(&d, c.Prepared, stage, c.Now)
	d.Status, d.Reason, d.ReplayID = r.Status, r.Reason, replayID
	d.Message = sentence(r.Reason, r.Detail)
	d.DestinationID, d.Mapping = route.Mapping.DestinationID, route.Mapping.Name
	d.Lane, d.Target = route.Mapping.Lane, route.Key
	if route.Provider != nil {
		d.Provider = route.Provider.Name()
	}
	if d.Target == "" {
		d.Target = route.Mapping.ProviderEvent
	}
	d.Consent, d.Said, d.Restricted = r.Consent.Basis, r.Consent.Said, r.Facts.Restricted
	d.Identifiers = r.Built.Identifiers
	d.Identifiers.Notes = c.notes(d.Identifiers.Notes)
	d.Value, d.Currency = r.Built.Value, r.Built.Currency
	// What fails before the provider has built anything is found by its
	// transaction too.
	d.TransactionID = w.safeID(cmp.Or(r.Built.TransactionID, e.Commerce.TransactionID))
	d.DedupRisk = r.Built.DedupRisk
	if route.Destination != nil {
		d.DestinationVersion = route.Destination.Hash
	}
	d.MappingVersion = route.Mapping.Hash
	d.ID = decision.NewID(e.Origin, d.DestinationID, d.Mapping, stage, r.Status, replayID, 0)
	return d
}

// Unmapped describes an event that no mapping names. Its name was written by
// anybody and checked by no mapping, so one that looks like personal data is
// hidden.
func (w *Recorder) Unmapped(p *Prepared, reason decision.Reason, detail string, now int64) (d decision.Decision) {
	w.event(&d, p, decision.StageRouter, now)
	d.SourceEvent = w.safeID(d.SourceEvent)
	d.Status, d.Reason, d.Message = reason.Info().Status, reason, sentence(reason, detail)
	d.Identifiers.Notes = p.notes(nil)
	d.ID = decision.NewID(p.Event.Origin, "", "", decision.StageRouter, d.Status, "", 0)
	return d
}

// Gone describes a held event whose mapping no longer names it.
func (w *Recorder) Gone(p *Prepared, destination, mapping string, now int64) decision.Decision {
	return w.Held(p, destination, mapping, decision.MappingNone, "the mapping that it was held for is gone", now)
}

// Held describes what became of a held event at one of its mappings where no gate
// was asked. Of the event, only customer, name, id, subject and source are looked at.
func (w *Recorder) Held(p *Prepared, destination, mapping string, reason decision.Reason, detail string, now int64) (d decision.Decision) {
	w.event(&d, p, decision.StageHold, now)
	d.DestinationID, d.Mapping = destination, mapping
	d.Status, d.Reason = reason.Info().Status, reason
	d.Message = sentence(reason, detail)
	d.ID = decision.NewID(d.Source, destination, mapping, d.Stage, d.Status, "", 0)
	return d
}

// event fills what every decision says about its event into an empty one.
func (w *Recorder) event(d *decision.Decision, p *Prepared, stage decision.Stage, now int64) {
	e := p.Event
	if p.subject == "" {
		p.subject = w.Pseudonym.Subject(e.CustomerID, e.SubjectID)
	}
	d.Time, d.Stage, d.AppVersion = now, stage, w.AppVersion
	d.CustomerID, d.SourceEvent, d.EventTime, d.BrowserReported = e.CustomerID, e.Name, e.Time, e.BrowserReported
	d.EventID, d.EventIDSource = w.safeID(p.ID), p.IDSource
	d.SubjectHash, d.SubjectKeyID = p.subject, w.Pseudonym.KeyID()
	if d.Source = e.Origin; e.Origin.AppendTime > 0 {
		d.LatencyMS = now - e.Origin.AppendTime
	}
}

// safeID shows an id as it is, or hashed where it looks like personal data:
// ids reach diagnostics long before gate 6 has looked at them.
func (w *Recorder) safeID(id string) string {
	if identity.LookID(id) != identity.NotSuspect {
		return w.Pseudonym.ID(id)
	}
	return id
}

func sentence(r decision.Reason, detail string) string {
	s := r.Info().Sentence
	if detail == "" {
		return s
	}
	return s + " (" + detail + ")"
}

// Delivery builds what will wait in the delivery topic. Claim fields are the
// caller's: only it knows which record owns the event.
func (w *Recorder) Delivery(c *Case, r *Result, lane decision.Lane, replayID string) decision.Delivery {
	route, b := c.Route, &r.Built
	d := decision.Delivery{
		Facts: r.Facts, Provider: route.Provider.Name(), Lane: lane,
		Target: route.Key, Group: b.Group, Payload: r.Payload,
		MaxWaitMS: route.Mapping.MaxWaitMS, NotBefore: b.NotBefore,
		EventID: c.ID, EventIDSource: c.IDSource, ProviderID: b.ProviderID,
		TransactionID: b.TransactionID, SourceEvent: c.Event.Name,
		Value: b.Value, Currency: b.Currency, Adjust: b.Adjust,
		ClaimWindowMS: route.Destination.Dedup.WindowMS,
		Consent:       r.Consent.Basis, Said: r.Consent.Said, Identifiers: b.Identifiers,
		BrowserReported: c.Event.BrowserReported, DedupRisk: b.DedupRisk, ResendUnsafe: b.ResendUnsafe,
		RoutedAt: c.Now, Source: c.Event.Origin,
		DestinationVersion: route.Destination.Hash, MappingVersion: route.Mapping.Hash,
		ReplayID: replayID,
	}
	d.Identifiers.Notes = c.notes(d.Identifiers.Notes)
	return d
}

// Sent starts the diagnostic of what happened to a delivery at the sender.
func (w *Recorder) Sent(d *decision.Delivery, stage decision.Stage, status decision.Status, reason decision.Reason, detail string, attempt int32, now int64) decision.Decision {
	return decision.Decision{
		ID:   decision.NewID(d.Source, d.Facts.DestinationID, d.Facts.Mapping, stage, status, d.ReplayID, attempt),
		Time: now, Stage: stage, Status: status, Reason: reason, Message: sentence(reason, detail),
		CustomerID: d.Facts.Customer, DestinationID: d.Facts.DestinationID, Mapping: d.Facts.Mapping,
		Provider: d.Provider, Lane: d.Lane, SourceEvent: d.SourceEvent, Target: d.Target,
		EventID: w.safeID(d.EventID), EventIDSource: d.EventIDSource,
		TransactionID: w.safeID(d.TransactionID), Value: d.Value, Currency: d.Currency,
		EventTime:   d.Facts.EventTime,
		SubjectHash: w.Pseudonym.Subject(d.Facts.Customer, d.Facts.Subject), SubjectKeyID: w.Pseudonym.KeyID(),
		Consent: d.Consent, Said: d.Said, Restricted: d.Facts.Restricted, Identifiers: d.Identifiers,
		Attempts: attempt, LatencyMS: now - d.Facts.StoredAt, Source: d.Source,
		ClaimKey: d.ClaimKey, AlsoKey: d.AlsoKey, ClaimWindowMS: d.ClaimWindowMS,
		DestinationVersion: d.DestinationVersion, MappingVersion: d.MappingVersion,
		AppVersion: w.AppVersion, ReplayID: d.ReplayID,
		BrowserReported: d.BrowserReported, DedupRisk: d.DedupRisk,
	}
}

// Unread describes a record that is not an event: it was decided without
// looking into it, at the given stage, for a mapping that had been named before
// (hold) or for none.
func (w *Recorder) Unread(at event.Coordinates, stage decision.Stage, destination, mapping string, reason decision.Reason, detail string, now int64) decision.Decision {
	d := decision.Decision{
		Time: now, Stage: stage, Status: reason.Info().Status, Reason: reason, Message: sentence(reason, detail),
		DestinationID: destination, Mapping: mapping, Source: at, AppVersion: w.AppVersion,
	}
	if at.AppendTime > 0 {
		d.LatencyMS = now - at.AppendTime
	}
	d.ID = decision.NewID(at, destination, mapping, stage, d.Status, "", 0)
	return d
}
