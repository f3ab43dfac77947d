package main

import (
	"reflect"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

var (
	events      event.Event
	deliveries  decision.Delivery
	diagnostics decision.Decision
)

// types are the Go types of records whose place in another record is not a
// field of their name.
var types = map[string]reflect.Type{
	"Statement":    reflect.TypeFor[consent.Statement](),
	"ConsentBasis": reflect.TypeFor[consent.Basis](),
	"Consent":      reflect.TypeFor[consent.Input](),
}

// paths are the Go fields whose names differ from the schema's.
var paths = map[string]string{
	"AnalyticsEvent.event_name": "Name",
	"AnalyticsEvent.event_time": "Time",
	"AnalyticsEvent.event_id":   "ID",
	"AnalyticsEvent.age_group":  "Consent.AgeGroup",

	"Original.event_name": "Name",
	"Original.event_time": "Time",
	"Original.event_id":   "ID",

	"Facts.customer_id":      "Customer",
	"Facts.subject_id":       "Subject",
	"Facts.country":          "Place.Location.Country",
	"Facts.region":           "Place.Location.Region",
	"Facts.identity_country": "Place.Identity.Country",
	"Facts.identity_region":  "Place.Identity.Region",
	"Facts.needs":            "Needs.Purposes",
	"Facts.needs_sensitive":  "Needs.Sensitive",
	"Facts.needs_tcf_vendor": "Needs.TCFVendor",

	"Statement.granted":               "Said.Granted",
	"Statement.denied":                "Said.Denied",
	"Statement.canada_granted":        "Canada.Granted",
	"Statement.canada_denied":         "Canada.Denied",
	"Statement.canada_not_for_google": "NotForGoogleInCanada",

	"ConsentBasis.basis":  "Source",
	"ConsentBasis.policy": "PolicyID",

	"Diagnostic.decision_id": "ID",
}

// unread are Go fields that no schema has, and why.
var unread = map[string]string{
	"AnalyticsEvent.Origin":    "the record's own coordinates",
	"AnalyticsEvent.Notes":     "what reading it noted",
	"Consent.Malformed":        "found while decoding",
	"Consent.WrongType":        "found while decoding",
	"Consent.UnknownMember":    "found while decoding",
	"Consent.NearMember":       "found while decoding",
	"Consent.AgeGroup":         "age_group stands at the top",
	"Consent.Copied":           "set by who knows the event",
	"Delivery.Said":            "part of consent",
	"Diagnostic.Said":          "part of consent",
	"Statement.Fault":          "only explains why an event stays",
	"Statement.UnknownSection": "only explains why an event stays",
	"ConsentBasis.Detail":      "only explains why an event stays",
}

// own is the code for a field that no rule covers, written by hand; $ is the
// field. An empty member: the rule of its type holds.
type own struct {
	coder, read, write string
	// cel is what expressions see; "-": nothing.
	cel string
}

var byHand = map[string]own{
	"AnalyticsEvent.source":    {cel: "(*event.Event).EffectiveSource"}, // absent: web where there is a page URL
	"AnalyticsEvent.traffic":   {cel: "(*event.Event).EffectiveTraffic"},
	"AnalyticsEvent.age_group": {coder: "ageField(c, &v.Consent)"},
	"AnalyticsEvent.consent":   {coder: "snapshotFields(c, &v.Consent)", cel: "-"},
	"AnalyticsEvent.properties": {
		coder: "propertyFields(c, &$)", read: "r.properties(&$)", cel: "-",
	},
	"Consent.ad_storage":         {read: "$ = r.adStorage()"},
	"Consent.gpp_sid":            {read: "r.sections(&$)"},
	"Item.quantity":              {coder: `c.optQuantity("quantity", &$)`}, // may be a fraction in JSON
	"Delivery.consent":           {coder: "basisFields(c, &v.Consent, &v.Said)", read: "r.readConsentBasis(&v.Consent, &v.Said)", write: "b = p.basis(b, &v.Consent, &v.Said)"},
	"Diagnostic.consent":         {coder: "basisFields(c, &v.Consent, &v.Said)", read: "r.readConsentBasis(&v.Consent, &v.Said)", write: "b = p.basis(b, &v.Consent, &v.Said)"},
	"Delivery.source":            {write: "b = p.source(b, &$)"},
	"Diagnostic.source":          {write: "b = p.source(b, &$)"},
	"Delivery.identifiers":       {write: "b = p.identifiers(b, &$)"},
	"Diagnostic.identifiers":     {write: "b = p.identifiers(b, &$)"},
	"Diagnostic.lane":            {coder: "laneField(c, v)", write: "b = putOptStr(b, laneWord(v))"}, // null where no mapping was reached
	"Diagnostic.event_id_source": {coder: "eventIDSource(c, v)", write: "b = putOptStr(b, idSourceWord(v))"},
	"ConsentBasis.jurisdiction":  {coder: "jurisdictionField(c, &$)", read: "r.jurisdiction(&$)", write: "b = putJurisdiction(b, &$)"},
	"ConsentBasis.purposes":      {coder: "stateField(c, said)", read: "r.purposes(said)", write: "b = putPurposes(b, said)"},
	"Identifiers.present":        {coder: "presentField(c, &$)", read: "r.kinds(&$)", write: "b = putKinds(b, $)"},
	"Dropped.kind":               {coder: `kindField(c, "kind", &$)`, read: "$ = r.kind()", write: "b = putStr(b, $.String())"},
}

// further are parameters that a record's functions have beside the record.
var further = map[string]string{"ConsentBasis": "said *consent.State"}

// outside is what others declare by hand: the coder's list of these records.
var outside = map[string]bool{"Consent": true}

// usual are fields that most events have. A reader passes over runs of absent
// fields in one step, but over no run that one of these would break.
var usual = map[string]bool{
	"AnalyticsEvent.event_id": true, "AnalyticsEvent.page": true, "AnalyticsEvent.device": true, "AnalyticsEvent.location": true,
	"AnalyticsEvent.identity": true, "AnalyticsEvent.consent": true, "AnalyticsEvent.commerce": true,
	"Delivery.value": true, "Diagnostic.event_id_source": true, "Diagnostic.destination_version": true,
	"Device.ip": true, "Device.user_agent": true, "Device.language": true,
	"Identity.emails": true, "Identity.phones": true, "Identity.external_ids": true,
	"Commerce.transaction_id": true, "Commerce.value": true, "Commerce.currency": true, "Commerce.items": true,
	"Item.id": true, "Item.name": true, "Item.quantity": true, "Item.price": true,
	"Consent.ad_storage": true, "Consent.ad_user_data": true, "Consent.ad_personalization": true,
}

// word is how an enumeration travels.
type word struct{ text, parse string }

// words are the enumerations; $ is the value.
var words = map[reflect.Type]word{
	reflect.TypeFor[decision.Lane]():      {"$.String()", "decision.ParseLane"},
	reflect.TypeFor[decision.Stage]():     {"$.String()", "decision.ParseStage"},
	reflect.TypeFor[decision.Status]():    {"$.String()", "parseStatus"},
	reflect.TypeFor[decision.Reason]():    {"reasonCode($)", "parseReason"},
	reflect.TypeFor[event.IDSource]():     {"$.String()", "parseIDSource"},
	reflect.TypeFor[consent.Source]():     {"$.String()", "parseSource"},
	reflect.TypeFor[consent.PurposeSet](): {"$.String()", "parsePurpose"},
	reflect.TypeFor[consent.Part]():       {"$.String()", "parsePart"},
	reflect.TypeFor[consent.Regime]():     {"$.String()", "parseRegime"},
}
