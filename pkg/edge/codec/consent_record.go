package codec

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/schemas"
)

// consentRecordFields lists the fields of schemas/consent_record.avsc.
func consentRecordFields(c *coder, r *consent.Record) {
	if c.mode == reading {
		consentTime(c, "updated_at", &r.UpdatedAt, &r.Input)
	} else {
		c.time("updated_at", &r.UpdatedAt)
	}
	purposeFields(c, &r.Input)
	signalFields(c, &r.Input)
	c.optStr("source", &r.Source)
	c.optStr("policy_version", &r.PolicyVersion)
	c.given("age_group", &r.AgeGroup)
	c.boolean("opt_out_overridden", &r.OptOutOverridden)
	c.boolean("erased", &r.Erased)
	scopeFields(c, &r.Input)
}

// AppendConsentRecord appends r as a framed Avro value.
func AppendConsentRecord(dst []byte, id SchemaID, r *consent.Record) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	consentRecordFields(&c, r)
	return c.buf
}

// DecodeConsentRecord reads a consent record in our schema (without its frame).
// Strings alias body. An impossible updated_at makes it malformed, which denies:
// a record that cannot be placed in time must not lose to an older grant. Offset
// is left zero: set it afterwards.
func DecodeConsentRecord(dst *consent.Record, body []byte) error {
	*dst = consent.Record{}
	c := reader(body)
	c.maxField = MaxFieldBytes
	consentRecordFields(&c, dst)
	return c.err()
}

// ConsentRecords reads values of the consent topic, whoever wrote them.
type ConsentRecords struct{ bodies *bodies }

// NewConsentRecords makes a ConsentRecords.
func NewConsentRecords(r *Registry) (*ConsentRecords, error) {
	b, err := newBodies(r, schemas.ConsentRecord)
	if err != nil {
		return nil, err
	}
	return &ConsentRecords{bodies: b}, nil
}

// Decode reads a value into dst. Strings alias the value. Offset is left zero:
// set it afterwards. Errors: a *PendingError (wait and read again) or a
// *DecodeError.
func (x *ConsentRecords) Decode(ctx context.Context, value []byte, dst *consent.Record) error {
	r, err := x.bodies.body(ctx, value)
	if err != nil {
		return err
	}
	if err := DecodeConsentRecord(dst, r.body); err != nil {
		return err
	}
	r.mark(&dst.Input)
	return nil
}

// SubjectRecord is one line of an NDJSON file of consent records.
type SubjectRecord struct {
	CustomerID string
	SubjectID  identity.Raw
	Record     consent.Record
}

// DecodeConsentJSON reads one line of an NDJSON file (--consent, consent
// import): the record's fields, customer_id and subject_id. A value of the wrong
// type, or a member that the record does not have, is malformed consent, as in the
// topic; a line without customer, subject or a possible updated_at is an error, because nobody could ever find it.
// Strings alias line. Errors are *DecodeError.
func DecodeConsentJSON(dst *SubjectRecord, line []byte) error {
	*dst = SubjectRecord{}
	if err := checkObject(line); err != nil {
		return err
	}
	c := coder{mode: parsing, buf: line, checked: true, maxField: MaxFieldBytes}
	s := scanner{buf: line}
	s.space()
	c.pos, c.json.found = s.pos, true
	c.openObject("")
	subjectFields(&c, dst)
	c.time("updated_at", &dst.Record.UpdatedAt)
	// From here on a wrong type is malformed consent.
	c.json.lenient = true
	r := &dst.Record
	purposeFields(&c, &r.Input)
	signalFields(&c, &r.Input)
	c.given("age_group", &r.AgeGroup)
	c.boolean("opt_out_overridden", &r.OptOutOverridden)
	c.boolean("erased", &r.Erased)
	scopeFields(&c, &r.Input)
	c.json.lenient = false
	c.markMalformed(&r.Input)
	c.optStr("source", &r.Source)
	c.optStr("policy_version", &r.PolicyVersion)
	markUnknown(&r.Input, c.unknownMember())
	c.closeObject()
	if fault := customerFault(dst.CustomerID); fault != "" && c.fault == "" {
		return invalid("field customer_id: %s", fault)
	}
	if dst.SubjectID.IsZero() && c.fault == "" {
		return invalid("field subject_id: it is missing")
	}
	return c.err()
}

func subjectFields(c *coder, s *SubjectRecord) {
	c.str("customer_id", &s.CustomerID)
	c.rawStr("subject_id", &s.SubjectID)
}

// AppendConsentJSON appends one line in the form that DecodeConsentJSON reads,
// without the line end.
func AppendConsentJSON(dst []byte, s *SubjectRecord) []byte {
	c := coder{mode: printing, buf: append(dst, '{')}
	subjectFields(&c, s)
	consentRecordFields(&c, &s.Record)
	return append(c.buf, '}')
}
