package gate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// personal is an event whose every text is personal data of its own.
func personal(w *world) {
	raw := identity.NewRaw
	e := &w.event
	e.ID, e.Commerce.TransactionID, e.SubjectID = "zoe1@x.example", "+49 30 1234567", raw("zoe2@x.example")
	e.Page = event.Page{URL: "https://zoe3@x.example/", Referrer: "https://zoe4@x.example/", Title: "zoe5@x.example"}
	e.Device = event.Device{IP: raw("192.0.2.77"), UserAgent: raw("zoe6@x.example")}
	e.Identity = event.Identity{Emails: []identity.Raw{raw("zoe7@x.example")}, City: raw("zoe8@x.example"), Country: raw("zoe9@x.example")}
	e.Click.Fbc = raw("zoe10@x.example")
	e.Location.Region = "zoe11@x.example"
	e.Properties = []event.Property{{Key: "k", Value: event.Value{Kind: event.String, Str: "zoe12@x.example"}}}
}

// No decision of any kind holds anything of the event that identifies anybody.
func TestDecisionsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	for _, row := range order {
		w := newWorld()
		personal(w)
		row.spoil(w)
		w.provider.built.TransactionID = w.event.Commerce.TransactionID
		c := w.testCase()
		r := gate.Evaluate(c, &gate.Scratch{})
		rec := recorder()
		delivery := rec.Delivery(c, r, decision.LaneBatch, "")
		name := w.event.Name
		w.event.Name = "zoe13@x.example"
		unmapped := rec.Unmapped(c.Prepared, decision.MappingNone, "", now)
		w.event.Name = name
		for _, d := range []decision.Decision{
			rec.Decision(c, r, decision.StageRouter, ""), unmapped, rec.Gone(c.Prepared, "d", "m", now),
			rec.Sent(&delivery, decision.StageSender, decision.Revoked, decision.ConsentRevoked, "", 0, now),
		} {
			text, err := json.Marshal(d)
			require.NoError(t, err)
			require.NotContains(t, string(text), "zoe", row.reason)
			require.NotContains(t, string(text), "1234567", row.reason)
			require.NotContains(t, string(text), "192.0.2", row.reason)
			require.True(t, strings.HasPrefix(d.EventID, "hashed:"))
			require.Len(t, d.SubjectHash, 32)
			require.Len(t, d.ID, 32)
		}
	}
}

func TestADecisionSaysThatNobodySpoke(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.event.Consent = consent.Input{}
	c := w.testCase()
	r := gate.Evaluate(c, &gate.Scratch{})
	require.Equal(t, decision.ConsentUnknown, r.Reason)
	require.Equal(t, "nobody has said anything about ad_user_data, under opt_in in DE", r.Detail)
}

func TestADecisionSaysWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.denied()
	c := w.testCase()
	r := gate.Evaluate(c, &gate.Scratch{})
	d := recorder().Decision(c, r, decision.StageRouter, "replay-1")
	require.Equal(t, "A needed purpose was denied. (ad_user_data by the snapshot under opt_in in DE)", d.Message)
	require.Equal(t, "d", d.DestinationID)
	require.Equal(t, "stub", d.Provider)
	require.Equal(t, "Purchase", d.Target)
	require.Equal(t, "dh", d.DestinationVersion)
	require.Equal(t, "mh", d.MappingVersion)
	require.Equal(t, hour, d.LatencyMS)
	require.Equal(t, "DE", d.Consent.Jurisdiction.String())
	require.Equal(t, decision.NewID(w.event.Origin, "d", "m", decision.StageRouter, decision.Skipped, "replay-1", 0), d.ID)
	again := recorder().Decision(c, r, decision.StageRouter, "replay-1")
	require.Equal(t, d, again, "a copy says the same, under the same id")
}

func TestUnreadRecordsAreDescribedByTheirCoordinates(t *testing.T) {
	t.Parallel()
	at := event.Coordinates{Topic: "in", Partition: 3, Offset: 9, AppendTime: now - 1000}
	d := recorder().Unread(at, decision.StageRouter, "", "", decision.EventUndecodable, "the frame is missing", now)
	require.Equal(t, decision.DeadLettered, d.Status)
	require.Equal(t, "The record is not an event: its bytes do not decode. (the frame is missing)", d.Message)
	require.Equal(t, int64(1000), d.LatencyMS)
	require.Empty(t, d.EventID+d.CustomerID+d.SubjectHash+d.SubjectKeyID)
	held := recorder().Unread(at, decision.StageHold, "d", "m", decision.EventUndecodable, "", now)
	require.NotEqual(t, d.ID, held.ID)
}
