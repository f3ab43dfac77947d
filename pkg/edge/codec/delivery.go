package codec

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/schemas"
)

// deliveryFields lists the fields of schemas/delivery.avsc.
func deliveryFields(c *coder, d *decision.Delivery) {
	factsFields(c, &d.Facts)
	c.str("provider", &d.Provider)
	word(c, "lane", &d.Lane, d.Lane.String(), decision.ParseLane)
	c.str("target", &d.Target)
	c.str("group", &d.Group)
	c.blob("payload", &d.Payload)
	c.long("max_wait_ms", &d.MaxWaitMS)
	c.long("not_before", &d.NotBefore)
	c.str("event_id", &d.EventID)
	idSourceField(c, "event_id_source", &d.EventIDSource)
	c.str("provider_id", &d.ProviderID)
	c.optStr("transaction_id", &d.TransactionID)
	c.str("source_event", &d.SourceEvent)
	c.optDouble("value", &d.Value)
	c.optStr("currency", &d.Currency)
	c.key16("claim_key", &d.ClaimKey)
	c.key16("also_key", &d.AlsoKey)
	c.long("claim_owner", &d.ClaimOwner)
	c.long("claim_window_ms", &d.ClaimWindowMS)
	c.boolean("adjust", &d.Adjust)
	c.key16("plain_key", &d.PlainKey)
	c.key16("newest_key", &d.NewestKey)
	basisFields(c, &d.Consent, &d.Said)
	identifierFields(c, &d.Identifiers)
	c.optBool("browser_reported", &d.BrowserReported)
	c.boolean("dedup_risk", &d.DedupRisk)
	c.boolean("resend_unsafe", &d.ResendUnsafe)
	c.optTime("routed_at", &d.RoutedAt)
	sourceFields(c, &d.Source)
	c.str("destination_version", &d.DestinationVersion)
	c.str("mapping_version", &d.MappingVersion)
	c.optStr("replay_id", &d.ReplayID)
}

func factsFields(c *coder, f *decision.Facts) {
	c.record("facts")
	c.str("customer_id", &f.Customer)
	c.rawStr("subject_id", &f.Subject)
	c.str("destination_id", &f.DestinationID)
	c.str("mapping", &f.Mapping)
	c.str("account", &f.Account)
	c.long("event_time", &f.EventTime)
	c.long("stored_at", &f.StoredAt)
	c.str("country", &f.Place.Location.Country)
	c.str("region", &f.Place.Location.Region)
	c.str("identity_country", &f.Place.Identity.Country)
	c.str("identity_region", &f.Place.Identity.Region)
	statementFields(c, &f.Snapshot)
	integer(c, "needs", &f.Needs.Purposes)
	c.boolean("needs_sensitive", &f.Needs.Sensitive)
	integer(c, "needs_tcf_vendor", &f.Needs.TCFVendor)
	c.boolean("restricted", &f.Restricted)
	reasonField(c, "cause", &f.Cause)
	integer(c, "relies_on", &f.ReliesOn)
	c.long("not_after", &f.NotAfter)
	c.long("aged_since", &f.AgedSince)
	c.long("future_tolerance", &f.FutureTolerance)
	c.long("dedup_until", &f.DedupUntil)
	c.boolean("past_dedup_window", &f.PastDedupWindow)
	c.end()
}

func statementFields(c *coder, s *consent.Statement) {
	c.record("snapshot")
	integer(c, "source", &s.Source)
	integer(c, "granted", &s.Said.Granted)
	integer(c, "denied", &s.Said.Denied)
	integer(c, "explicit", &s.Explicit)
	integer(c, "not_for_google", &s.NotForGoogle)
	integer(c, "opted_out", &s.OptedOut)
	integer(c, "unreadable", &s.Unreadable)
	c.boolean("gpc", &s.GPC)
	c.boolean("dnt", &s.DNT)
	integer(c, "age", &s.Age)
	integer(c, "malformed", &s.Malformed)
	c.boolean("overridden", &s.Overridden)
	c.boolean("erased", &s.Erased)
	c.long("at", &s.At)
	c.long("offset", &s.Offset)
	stringFields(c, s)
	c.end()
}

// stringFields are what a statement's TC and GPP strings said. Fault and
// UnknownSection only explain why an event stays, and do not travel.
func stringFields(c *coder, s *consent.Statement) {
	integer(c, "by_interest", &s.ByInterest)
	integer(c, "google_by_interest", &s.GoogleByInterest)
	integer(c, "canada_granted", &s.Canada.Granted)
	integer(c, "canada_denied", &s.Canada.Denied)
	integer(c, "canada_not_for_google", &s.NotForGoogleInCanada)
	integer(c, "answered", &s.Answered)
	integer(c, "unsupported", &s.Unsupported)
	integer(c, "without_notice", &s.WithoutNotice)
	integer(c, "service_provider", &s.ServiceProvider)
	c.boolean("sections_named", &s.SectionsNamed)
	integer(c, "undisclosed_cmp", &s.UndisclosedCMP)
	integer(c, "minors", &s.Minors)
	c.boolean("undated", &s.Undated)
	c.long("string_at", &s.StringAt)
	c.long("canada_at", &s.CanadaAt)
}

// reasonField is a reason's code; no reason is an empty string.
func reasonField(c *coder, name string, p *decision.Reason) {
	word(c, name, p, reasonCode(*p), parseReason)
}

func reasonCode(r decision.Reason) string {
	if r == decision.ReasonNone {
		return ""
	}
	return r.String()
}

func parseReason(code string) (decision.Reason, error) {
	if code == "" {
		return decision.ReasonNone, nil
	}
	return decision.ParseReason(code)
}

// AppendDelivery appends d as a framed Avro value. It allocates only where dst
// has to grow.
func AppendDelivery(dst []byte, id SchemaID, d *decision.Delivery) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	deliveryFields(&c, d)
	return c.buf
}

// DecodeDelivery reads a delivery in our schema (without its frame). Strings
// and payload alias body; the slices of dst are reused. A word that this
// program does not know is an error: a delivery is judged exactly or not at all.
func DecodeDelivery(dst *decision.Delivery, body []byte) error {
	present, dropped := dst.Identifiers.Present[:0], dst.Identifiers.Dropped[:0]
	*dst = decision.Delivery{}
	dst.Identifiers.Present, dst.Identifiers.Dropped = present, dropped
	c := reader(body)
	deliveryFields(&c, dst)
	return c.err()
}

// Deliveries reads deliveries, whoever wrote them.
func Deliveries(r *Registry) (*Decoder[decision.Delivery], error) {
	return newDecoder(r, schemas.Delivery, DecodeDelivery)
}
