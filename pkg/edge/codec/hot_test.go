package codec_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

// purchase is a typical event: web, consent, two items, identity, click ids.
const purchase = `{` + head + `,"event_id":"e-1","subject_id":"s-1","source":"web","received_time":1795168801000,
	"page":{"url":"https://shop.example/checkout?utm_source=x","referrer":"https://shop.example/"},
	"device":{"ip":"192.0.2.1","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","language":"de-DE"},
	"location":{"country":"DE"},
	"identity":{"emails":["a@x.example"],"phones":["+49 30 1234567"],"first_name":"Ada","external_ids":["c-1"]},
	"click":{"fbc":"fb.1.1795168800000.abc","gclid":"Cj0","captured_at":1795160000000},
	"consent":{"ad_storage":"granted","ad_user_data":"granted","ad_personalization":"denied","gpc":false},
	"commerce":{"transaction_id":"t-1","value":59.9,"currency":"EUR","items":[{"id":"1","quantity":1,"price":9.9},{"id":"2","quantity":2,"price":25}]},
	"properties":{"plan":"pro","step":3}}`

func purchaseValue(t testing.TB) []byte {
	t.Helper()
	var e event.Event
	require.NoError(t, codec.DecodeEventJSON(&e, []byte(purchase)))
	return codec.AppendEvent(nil, 1, &e)
}

func aDecision() *decision.Decision {
	return &decision.Decision{
		ID: "0123456789abcdef0123456789abcdef", Time: 1795168800123, Stage: decision.StageRouter, Status: decision.Queued, Reason: decision.Eligible,
		CustomerID: "acme", DestinationID: "acme-meta", Mapping: "acme-meta-purchase", Provider: "meta", Lane: decision.LaneRealtime,
		SourceEvent: "transaction.purchase", Target: "Purchase", EventID: "e-1", TransactionID: "t-1", Value: event.Some(59.9), Currency: "EUR", EventTime: 1795168800000,
		SubjectHash: "9f86d081884c7d65", SubjectKeyID: "k1",
		Consent:     consent.Basis{Source: consent.Snapshot, At: 1795168800000, Regime: consent.OptIn, Jurisdiction: consent.Jurisdiction{Country: "US", Region: "CA"}, PolicyID: "default", PolicyVersion: "2026-11-20"},
		Said:        consent.State{Granted: consent.AdStorage | consent.AdUserData, Denied: consent.AdPersonalization},
		Identifiers: decision.IdentifierStatus{Present: []decision.Kind{decision.KindEmail, decision.KindClickID}, Dropped: []decision.Dropped{{Kind: decision.KindIP, Reason: decision.DropNotAllowed}}, MatchQuality: 6.5},
		Source:      event.Coordinates{Topic: "analytics.events", TopicID: event.TopicID{1, 2}, Partition: 3, Offset: 42, AppendTime: 1795168801000},
		ClaimKey:    [16]byte{0xab, 1}, ClaimWindowMS: 777600000, DestinationVersion: "d1", MappingVersion: "m1", AppVersion: "1.0.0",
	}
}

func aDelivery() *decision.Delivery {
	return &decision.Delivery{
		Facts: decision.Facts{
			Customer: "acme", Subject: identity.NewRaw("s-1"), DestinationID: "acme-meta", Mapping: "acme-meta-purchase", Account: "f00", EventTime: 1795168800000,
			Place:    consent.Place{Location: consent.Jurisdiction{Country: "DE"}},
			Snapshot: consent.Statement{Source: consent.Snapshot, Said: consent.State{Granted: consent.Advertising}, At: 1795168800000},
			Needs:    consent.Needs{Purposes: consent.AdUserData}, ReliesOn: consent.AdUserData,
		},
		Provider: "meta", Lane: decision.LaneRealtime, Target: "Purchase", Payload: []byte(`{"event_name":"Purchase","event_time":1795168800}`),
		EventID: "e-1", ProviderID: "e-1", SourceEvent: "transaction.purchase", Value: event.Some(59.9), Currency: "EUR", ClaimKey: [16]byte{1}, ClaimOwner: 99,
		Consent:     aDecision().Consent,
		Identifiers: aDecision().Identifiers, Source: aDecision().Source, RoutedAt: 1795168801000,
	}
}

// A delivery and its diagnostic have parts in common, which are encoded once.
func TestQueuedIsADeliveryAndItsDiagnostic(t *testing.T) {
	w := codec.NewWriter(codec.IDs{schemas.Delivery: 1, schemas.Diagnostic: 2}, "")
	d, queued := aDelivery(), aDecision()
	d.Said = queued.Said
	for range 2 { // into the same memory
		out, diagnostic := w.AppendQueued([]byte("before"), d, queued)
		require.Equal(t, codec.AppendDelivery([]byte("before"), 1, d), out[:diagnostic])
		require.Equal(t, codec.AppendDiagnostic(nil, 2, queued), out[diagnostic:])
		d.Identifiers, queued.Identifiers = decision.IdentifierStatus{}, decision.IdentifierStatus{}
		d.Source, queued.Source = event.Coordinates{}, event.Coordinates{}
		d.Consent, queued.Consent = consent.Basis{}, consent.Basis{}
	}
}

// The hot path does not allocate once its memory is there.
func TestHotPathDoesNotAllocate(t *testing.T) {
	ctx := context.Background()
	reg, _, _ := newRegistry(t)
	id, err := reg.Register(ctx, "analytics.events", schemas.AnalyticsEvent)
	require.NoError(t, err)
	events, err := codec.NewEvents(codec.FormatAvro, reg)
	require.NoError(t, err)

	value := purchaseValue(t)
	value = append(codec.AppendFrame(nil, id), value[5:]...)
	var e event.Event
	var d decision.Delivery
	var back decision.Decision
	buf := make([]byte, 0, 64<<10)
	given, delivery := aDecision(), aDelivery()
	encodedDelivery := codec.AppendDelivery(nil, 1, delivery)[5:]
	encodedDecision := codec.AppendDiagnostic(nil, 1, given)[5:]
	text := []byte(purchase)
	writer := codec.NewWriter(codec.IDs{schemas.Delivery: 1, schemas.Diagnostic: 2}, "")

	for name, run := range map[string]func() error{
		"head":            func() error { _, err := codec.HeadOf(value[5:]); return err },
		"head by id":      func() error { _, err := events.Head(ctx, value); return err },
		"head of JSON":    func() error { _, err := codec.HeadOfJSON(text); return err },
		"event":           func() error { return codec.DecodeEvent(&e, value[5:]) },
		"event by id":     func() error { return events.Decode(ctx, value, &e) },
		"append event":    func() error { buf = codec.AppendEvent(buf[:0], 1, &e); return nil },
		"append delivery": func() error { buf = codec.AppendDelivery(buf[:0], 1, delivery); return nil },
		"append both":     func() error { buf, _ = writer.AppendQueued(buf[:0], delivery, given); return nil },
		"delivery":        func() error { return codec.DecodeDelivery(&d, encodedDelivery) },
		"append decision": func() error { buf = codec.AppendDiagnostic(buf[:0], 1, given); return nil },
		"decision":        func() error { return codec.DecodeDiagnostic(&back, encodedDecision) },
		"decision JSON":   func() error { buf = codec.AppendDiagnosticJSON(buf[:0], given); return nil },
	} {
		require.NoError(t, run(), name)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if run() != nil {
				t.Fail()
			}
		}), name)
	}
}

func BenchmarkHead(b *testing.B) {
	body := purchaseValue(b)[5:]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.HeadOf(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHeadOfJSON(b *testing.B) {
	text := []byte(purchase)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.HeadOfJSON(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeEvent(b *testing.B) {
	body := purchaseValue(b)[5:]
	var e event.Event
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := codec.DecodeEvent(&e, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeEventJSON(b *testing.B) {
	var e event.Event
	b.ReportAllocs()
	b.SetBytes(int64(len(purchase)))
	for b.Loop() {
		if err := codec.DecodeEventJSON(&e, []byte(purchase)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendDelivery(b *testing.B) {
	d := aDelivery()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = codec.AppendDelivery(buf[:0], 1, d)
	}
}

func BenchmarkDecodeDelivery(b *testing.B) {
	body := codec.AppendDelivery(nil, 1, aDelivery())[5:]
	var d decision.Delivery
	b.ReportAllocs()
	for b.Loop() {
		if err := codec.DecodeDelivery(&d, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendDiagnostic(b *testing.B) {
	d := aDecision()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = codec.AppendDiagnostic(buf[:0], 1, d)
	}
}

func BenchmarkAppendDiagnosticJSON(b *testing.B) {
	d := aDecision()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = codec.AppendDiagnosticJSON(buf[:0], d)
	}
}

func BenchmarkAppendQueued(b *testing.B) {
	d, queued := aDelivery(), aDecision()
	w := codec.NewWriter(nil, "")
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = w.AppendQueued(buf[:0], d, queued)
	}
}
