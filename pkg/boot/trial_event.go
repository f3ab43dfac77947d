package boot

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

// trialName begins every id of a test event, so that nobody takes it for a
// customer's.
const trialName = "sluice-test-"

// kind is a form of the made-up event.
type kind struct {
	source string
	clicks bool
}

// madeUpKinds are tried in this order. Made-up click ids are in the last ones
// only: where other identifiers suffice there is no reason to invent some.
var madeUpKinds = func() []kind {
	sources := []string{
		event.SourceWeb, event.SourceApp, event.SourceSystem, event.SourceInStore,
		event.SourcePhone, event.SourceEmail, event.SourceChat, event.SourceOther,
	}
	var all []kind
	for _, clicks := range []bool{false, true} {
		for _, s := range sources {
			all = append(all, kind{s, clicks})
		}
	}
	return all
}()

// trialID makes an id that no other event has.
func trialID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return trialName + hex.EncodeToString(b[:])
}

// members is a JSON object.
type members map[string]any

// madeUp is an event that concerns nobody: names and addresses that are
// reserved for examples, an address of the documentation network, a telephone
// number that is kept for films.
func (t *Trial) madeUp(route *resource.Route, k kind) (*event.Event, error) {
	country, currency := t.Destination.Defaults.PhoneCountry, t.Destination.Defaults.Currency
	if country == "" {
		country = "DE"
	}
	if currency == "" {
		currency = "EUR"
	}
	id := trialID()
	click := members{"fbp": "fb.1.1700000000000.1000000000"}
	if k.clicks {
		click["gclid"], click["fbclid"] = trialName+"click", trialName+"click"
	}
	item := members{"id": trialName + "item", "name": "Sluice test", "quantity": 1, "price": 1}
	text, err := json.Marshal(members{
		"customer_id": t.Destination.Customer, "event_name": route.Mapping.SourceEvent, "event_time": t.env.Now().UnixMilli(),
		"event_id": id, "subject_id": trialName + "subject", "source": k.source, "traffic": "test", "browser_reported": false, "age_group": "adult",
		"page": members{"url": "https://sluice-test.example/", "title": "Sluice test event"},
		"device": members{
			"ip": "203.0.113.1", "user_agent": "Mozilla/5.0 (compatible; sluice-test-event)", "language": "en", "platform": "android", "os_version": "15",
			"app_id": "example.sluice.test", "app_version": "1.0", "model": "test", "advertising_id": "00000000-0000-4000-8000-000000000001",
			"tracking_authorized": true, "app_tracking_enabled": true,
		},
		"location": members{"country": country},
		"identity": members{
			"emails": []string{"sluice-test@mail.example"}, "phones": []string{"+447700900123"}, "first_name": "Sluice", "last_name": "Test",
			"external_ids": []string{trialName + "subject"}, "lead_id": "1000000000000001", "city": "Teststadt", "postal_code": "10115", "country": country,
		},
		"click":     click,
		"analytics": members{"client_id": "1000000000.1700000000", "app_instance_id": "00000000000000000000000000000001"},
		"consent": members{
			"ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "granted", "analytics_storage": "granted",
		},
		"commerce": members{
			"transaction_id": id, "value": 1, "currency": currency, "items": []members{item}, "search_term": "sluice test", "store_id": "test",
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making up a test event: %w", err)
	}
	return decodeTrial(text, codec.DecodeEventJSON)
}

func decodeTrial(text []byte, read func(*event.Event, []byte) error) (*event.Event, error) {
	var e event.Event
	if err := read(&e, text); err != nil {
		if bad, ok := errors.AsType[*codec.DecodeError](err); ok {
			return nil, &TrialRefused{Reason: bad.Reason, Detail: bad.Detail}
		}
		return nil, fmt.Errorf("reading the test event: %w", err)
	}
	return &e, nil
}

// ownEvent reads the operator's event; nil where there is none. Its ids are
// replaced, so that what is stored of it is never taken for the event that it
// was copied from.
func (t *Trial) ownEvent(text []byte) (*event.Event, error) {
	if text == nil {
		return nil, nil
	}
	format, err := codec.FormatOf(t.env.Config.Input.Format)
	if err != nil {
		return nil, err
	}
	e, err := decodeTrial(text, format.Line)
	if err != nil {
		return nil, err
	}
	if e.CustomerID != t.Destination.Customer {
		return nil, &TrialRefused{Reason: decision.MappingNone, Detail: "the event is of customer " + e.CustomerID + ", the destination of " + t.Destination.Customer}
	}
	e.ID = trialID()
	if e.Commerce.TransactionID != "" {
		e.Commerce.TransactionID = e.ID
	}
	return e, nil
}

// OneEvent reads a file with one event, on one line or several.
func OneEvent(in io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, lines.MaxBytes))
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	var one, more json.RawMessage
	if err := d.Decode(&one); err != nil {
		return nil, errors.New("reading the event: it is not one JSON object") // the decoder's error may quote it
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the event: something follows the first event; leave one in the file")
	}
	return one, nil
}

// consentOf looks up what the consent topic says about an event's subject, as
// the tables of a router would have it.
func (t *Trial) consentOf(ctx context.Context, e *event.Event, v *trialView) error {
	if e.SubjectID.IsZero() {
		return nil
	}
	admin, err := ConsentAdmin(t.env)
	if err != nil {
		return err
	}
	entry, err := admin.Get(ctx, consentadmin.Subject{Customer: e.CustomerID, ID: e.SubjectID})
	if err != nil || entry == nil {
		return err
	}
	record := entry.Record
	if entry.Unreadable {
		record = consent.Record{Input: consent.Input{Malformed: true}}
	}
	s := consent.NormaliseRecord(record, entry.StoredAt.UnixMilli())
	s.Erased = entry.Erased
	v.statement = &s
	return nil
}
