package event_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

func TestAnExplicitIDIsUsedAsItIs(t *testing.T) {
	t.Parallel()
	e := event.Event{CustomerID: "acme", Name: "order", ID: " as it is "}
	id, source := e.EffectiveID()
	require.Equal(t, " as it is ", id)
	require.Equal(t, event.IDExplicit, source)
	require.Equal(t, "explicit", source.String())
}

// A derived id is made of the transaction where there is one, so that every
// copy of the event has it, and of the record otherwise.
func TestDerivedIDs(t *testing.T) {
	t.Parallel()
	base := event.Event{
		CustomerID: "acme", Name: "order", Commerce: event.Commerce{TransactionID: "t-1"},
		Origin: event.Coordinates{Topic: "in", TopicID: event.TopicID{1}, Partition: 2, Offset: 3},
	}
	derive := func(change func(*event.Event)) string {
		e := base
		change(&e)
		id, source := e.EffectiveID()
		require.Equal(t, event.IDDerived, source)
		require.Regexp(t, "^[0-9a-f]{32}$", id)
		return id
	}
	elsewhere := func(e *event.Event) { e.Origin = event.Coordinates{Partition: 9, Offset: 9} }
	of := derive(func(*event.Event) {})
	require.Equal(t, of, derive(elsewhere), "a copy in another record is the same event")
	seen := map[string]string{of: "transaction"}
	for name, change := range map[string]func(*event.Event){
		"customer":       func(e *event.Event) { e.CustomerID = "other" },
		"name":           func(e *event.Event) { e.Name = "refund" },
		"another":        func(e *event.Event) { e.Commerce.TransactionID = "t-2" },
		"moved":          func(e *event.Event) { e.Name, e.Commerce.TransactionID = "ordert", "-1" },
		"record":         func(e *event.Event) { e.Commerce.TransactionID = "" },
		"next record":    func(e *event.Event) { e.Commerce.TransactionID, e.Origin.Offset = "", 4 },
		"next partition": func(e *event.Event) { e.Commerce.TransactionID, e.Origin.Partition = "", 3 },
		"another topic":  func(e *event.Event) { e.Commerce.TransactionID, e.Origin.TopicID = "", event.TopicID{2} },
		"digits":         func(e *event.Event) { e.Commerce.TransactionID, e.Origin.Partition, e.Origin.Offset = "", 23, 0 },
	} {
		id := derive(change)
		require.Empty(t, seen[id], name)
		seen[id] = name
	}
	require.Equal(t, base.RecordID(), derive(func(e *event.Event) { e.Commerce.TransactionID = "" }))
	// Retries of an older version's deliveries must find the same id.
	require.Equal(t, "eccb93c9a827a1da8098a9465e8adf16", of)
	require.Equal(t, "86a53c3e83b1aaa7a4c37f853f48f6e9", base.RecordID())
}

func TestEffectiveSourceAndTraffic(t *testing.T) {
	t.Parallel()
	var e event.Event
	require.Empty(t, e.EffectiveSource())
	e.Page.URL = "https://shop.example/"
	require.Equal(t, event.SourceWeb, e.EffectiveSource())
	e.Source = event.SourceApp
	require.Equal(t, event.SourceApp, e.EffectiveSource())
	require.Equal(t, "live", e.EffectiveTraffic())
	e.Traffic = "bot"
	require.Equal(t, "bot", e.EffectiveTraffic())
}

func TestKeysPutASubjectIntoOnePartition(t *testing.T) {
	t.Parallel()
	require.Equal(t, "acme:s-1", string(event.Key(nil, "acme", "s-1", "e-1")))
	require.Equal(t, "acme:e-1", string(event.Key(nil, "acme", "", "e-1")))
	require.Equal(t, "x acme:s-1", string(event.Key([]byte("x "), "acme", "s-1", "e-1")))
}

func TestCoordinatesComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := event.Coordinates{
			Topic:     rapid.StringMatching(`[a-zA-Z0-9._/@-]{1,30}`).Draw(t, "topic"),
			Partition: rapid.Int32Min(0).Draw(t, "partition"), Offset: rapid.Int64Min(0).Draw(t, "offset"),
		}
		parsed, err := event.ParseCoordinates(c.String())
		require.NoError(t, err)
		require.Equal(t, c, parsed)
	})
	for _, s := range []string{"", "in", "in/1", "in@1", "/1@2", "in/x@1", "in/1@x", "in/99999999999@1"} {
		_, err := event.ParseCoordinates(s)
		require.Error(t, err, s)
	}
}

// A reused event is as good as a new one and keeps nothing of the last alive.
func TestResetLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	raw := identity.NewRaw("x")
	e := event.Event{
		CustomerID: "acme", ID: "e", SubjectID: raw, BrowserReported: event.Some(true), Page: event.Page{URL: "u"},
		Identity:   event.Identity{Emails: []identity.Raw{raw}, Phones: []identity.Raw{raw}, ExternalIDs: []identity.Raw{raw}, LoginIDs: []event.NamedRaw{{Name: "n", Value: raw}}, City: raw},
		Click:      event.Click{Other: []event.NamedRaw{{Name: "n", Value: raw}}},
		Commerce:   event.Commerce{TransactionID: "t", Coupons: []string{"c"}, Items: []event.Item{{ID: "i"}}},
		Properties: []event.Property{{Key: "k", Value: event.Value{Kind: event.String, Str: "s"}}},
	}
	e.Reset()
	require.Equal(t, identity.Raw{}, e.Identity.Emails[:1][0])
	require.Equal(t, identity.Raw{}, e.Identity.Phones[:1][0])
	require.Equal(t, identity.Raw{}, e.Identity.ExternalIDs[:1][0])
	require.Equal(t, event.NamedRaw{}, e.Identity.LoginIDs[:1][0])
	require.Equal(t, event.NamedRaw{}, e.Click.Other[:1][0])
	require.Empty(t, e.Commerce.Coupons[:1][0])
	require.Equal(t, event.Item{}, e.Commerce.Items[:1][0])
	require.Equal(t, event.Property{}, e.Properties[:1][0])
	e.Identity.Emails, e.Identity.Phones, e.Identity.ExternalIDs, e.Identity.LoginIDs = nil, nil, nil, nil
	e.Click.Other, e.Commerce.Coupons, e.Commerce.Items, e.Properties = nil, nil, nil, nil
	require.True(t, reflect.DeepEqual(event.Event{}, e))
}

func TestDerivingAllocatesTheIDAlone(t *testing.T) {
	e := event.Event{CustomerID: "acme", Name: "order"}
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { e.EffectiveID() }), 1.0)
}
