package codec_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

// Every record goes through our encoder, an independent Avro library's decoder
// and encoder, and our decoder, and comes back the same.
func TestRoundTrip(t *testing.T) {
	t.Run("event", func(t *testing.T) {
		roundTrip(t, schemas.AnalyticsEvent, codec.AppendEvent, codec.DecodeEvent, fixEvent)
	})
	t.Run("delivery", func(t *testing.T) {
		roundTrip(t, schemas.Delivery, codec.AppendDelivery, codec.DecodeDelivery, func(d *decision.Delivery) {
			d.Said = disjoint(d.Said)
			// What only explains why an event stays does not travel.
			d.Consent.Detail, d.Facts.Snapshot.Fault, d.Facts.Snapshot.UnknownSection = "", "", 0
		})
	})
	t.Run("diagnostic", func(t *testing.T) {
		roundTrip(t, schemas.Diagnostic, codec.AppendDiagnostic, codec.DecodeDiagnostic, fixDecision)
	})
	t.Run("hold", func(t *testing.T) {
		roundTrip(t, schemas.Hold, codec.AppendHold, codec.DecodeHold, nothing[codec.Hold])
	})
	t.Run("dead letter", func(t *testing.T) {
		roundTrip(t, schemas.DeadLetter, codec.AppendDeadLetter, codec.DecodeDeadLetter, nothing[codec.DeadLetter])
	})
	t.Run("consent record", func(t *testing.T) {
		roundTrip(t, schemas.ConsentRecord, codec.AppendConsentRecord, codec.DecodeConsentRecord, func(r *consent.Record) {
			r.Offset, r.CapturedAt = 0, 0
			fixConsent(&r.Input)
			r.UpdatedAt = plausible(r.UpdatedAt)
		})
	})
	t.Run("destination", func(t *testing.T) {
		roundTrip(t, schemas.Destination, codec.AppendDestination, codec.DecodeDestination, func(d *resource.Destination) {
			d.Stored = 0
			if !d.HasIdentifiers {
				d.Identifiers = 0
			}
		})
	})
	t.Run("mapping", func(t *testing.T) {
		roundTrip(t, schemas.Mapping, codec.AppendMapping, codec.DecodeMapping, func(m *resource.Mapping) {
			for k := range m.Include {
				m.Include[k] = true
			}
		})
	})
	t.Run("policy", func(t *testing.T) {
		roundTrip(t, schemas.Policy, codec.AppendPolicy, codec.DecodePolicy, func(p *codec.Policy) {
			p.Lifetime, p.TCF.FutureTolerance = p.Lifetime.Truncate(1e6), p.TCF.FutureTolerance.Truncate(1e6)
		})
	})
	t.Run("submission", func(t *testing.T) {
		roundTrip(t, schemas.Submission, codec.AppendSubmission, codec.DecodeSubmission, nothing[codec.Submission])
	})
	t.Run("destination status", func(t *testing.T) {
		roundTrip(t, schemas.DestinationStatus, codec.AppendDestinationStatus, codec.DecodeDestinationStatus, nothing[codec.DestinationStatus])
	})
	t.Run("subject key", func(t *testing.T) {
		roundTrip(t, schemas.SubjectKey, codec.AppendSubjectKey, codec.DecodeSubjectKey, nothing[codec.SubjectKey])
	})
	t.Run("state", func(t *testing.T) {
		roundTrip(t, schemas.State, codec.AppendState, codec.DecodeState, nothing[codec.State])
	})
}

func nothing[T any](*T) {}

func roundTrip[T any](t *testing.T, name schemas.Name, encode func([]byte, codec.SchemaID, *T) []byte, decode func(*T, []byte) error, fix func(*T)) {
	t.Helper()
	schema := parseSchema(t, name)
	values := rapid.MakeCustom[T](rapid.MakeConfig{Types: wordTypes(), Kinds: plainKinds()})
	rapid.Check(t, func(t *rapid.T) {
		in := values.Draw(t, "value")
		fix(&in)
		value := encode([]byte("before"), 7, &in)
		require.Equal(t, "before\x00\x00\x00\x00\x07", string(value[:11]))
		body := value[11:]

		var direct T
		require.NoError(t, decode(&direct, body))
		require.Equal(t, text(in), text(direct))

		var theirs any
		require.NoError(t, avro.Unmarshal(schema, body, &theirs))
		again, err := avro.Marshal(schema, theirs)
		require.NoError(t, err)
		// Maps have no order there: compare after decoding.
		var back T
		require.NoError(t, decode(&back, again))
		require.Equal(t, text(sorted(in)), text(sorted(back)))
	})
}

func parseSchema(t *testing.T, name schemas.Name) avro.Schema {
	t.Helper()
	text, err := schemas.Text(name)
	require.NoError(t, err)
	s, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	require.NoError(t, err)
	return s
}

func constant[T any](values ...T) *rapid.Generator[any] { return rapid.SampledFrom(values).AsAny() }

func upTo[T ~uint8](limit T) *rapid.Generator[any] {
	return rapid.Map(rapid.IntRange(0, int(limit)), func(i int) T { return T(i) }).AsAny()
}

// wordTypes generates only values that exist of the types that travel as words.
func wordTypes() map[reflect.Type]*rapid.Generator[any] {
	reasons := append(decision.Reasons(), decision.ReasonNone)
	statuses := append(decision.Statuses(), decision.StatusNone)
	short := rapid.StringN(0, 12, 30)
	return map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[identity.Raw]():           rapid.Map(short, identity.NewRaw).AsAny(),
		reflect.TypeFor[decision.Reason]():        constant(reasons...),
		reflect.TypeFor[decision.Status]():        constant(statuses...),
		reflect.TypeFor[decision.Stage]():         upTo(decision.StageVerdict),
		reflect.TypeFor[decision.Lane]():          upTo(decision.LaneReplay),
		reflect.TypeFor[decision.Kind]():          upTo(decision.KindLoginID),
		reflect.TypeFor[decision.KindSet]():       constant[decision.KindSet](0, 1, 1<<14, 1<<15-1),
		reflect.TypeFor[event.IDSource]():         upTo(event.IDDerived),
		reflect.TypeFor[event.Value]():            constant(event.Value{Kind: event.String, Str: "ä"}, event.Value{Kind: event.Double, Double: 1.5}, event.Value{Kind: event.Long, Long: -7}, event.Value{Kind: event.Boolean, Bool: true}),
		reflect.TypeFor[consent.Field]():          constant(consent.Field{}, consent.Text(""), consent.Text("granted"), consent.Text("odd")),
		reflect.TypeFor[consent.Tri]():            upTo(consent.True),
		reflect.TypeFor[consent.Source]():         upTo(consent.FromRecord),
		reflect.TypeFor[consent.Part]():           upTo(consent.PartErased),
		reflect.TypeFor[consent.SectionIDs]():     constant(consent.SectionIDs{}, sectionIDs(-1), sectionIDs(2, 7, 31), sectionIDs(-2)),
		reflect.TypeFor[consent.Regime]():         upTo(consent.OptOut),
		reflect.TypeFor[consent.PurposeSet]():     upTo(consent.AllPurposes),
		reflect.TypeFor[consent.Jurisdiction]():   constant(consent.Jurisdiction{}, consent.Jurisdiction{Country: "DE"}, consent.Jurisdiction{Country: "US", Region: "CA"}),
		reflect.TypeFor[resource.Mode]():          upTo(resource.ModeShadow),
		reflect.TypeFor[resource.OnFail]():        upTo(resource.Restrict),
		reflect.TypeFor[json.RawMessage]():        constant(json.RawMessage(nil), json.RawMessage(`{"a":1}`)),
		reflect.TypeFor[event.Opt[float64]]():     constant(event.Opt[float64]{}, event.Some(0.0), event.Some(-12.5)),
		reflect.TypeFor[event.Opt[int64]]():       constant(event.Opt[int64]{}, event.Some[int64](0), event.Some[int64](-3)),
		reflect.TypeFor[event.Opt[bool]]():        constant(event.Opt[bool]{}, event.Some(false), event.Some(true)),
		reflect.TypeFor[*bool]():                  constant((*bool)(nil), new(bool)),
		reflect.TypeFor[map[string]int64]():       constant(map[string]int64(nil), map[string]int64{"a": 1, "b": -2}),
		reflect.TypeFor[map[string]string]():      constant(map[string]string(nil), map[string]string{"a": "x", "b": ""}),
		reflect.TypeFor[map[string]bool]():        constant(map[string]bool(nil), map[string]bool{"item_names": true}),
		reflect.TypeFor[map[string]consent.Row](): constant(map[string]consent.Row(nil), map[string]consent.Row{"DE": {Regime: "opt_in", HonourGPC: consent.True}}),
	}
}

func plainKinds() map[reflect.Kind]*rapid.Generator[any] {
	return map[reflect.Kind]*rapid.Generator[any]{
		reflect.String:  rapid.StringN(0, 12, 30).AsAny(),
		reflect.Float64: rapid.Float64Range(-1e9, 1e9).AsAny(),
		reflect.Int64:   rapid.Int64Range(-1<<40, 1<<40).AsAny(),
	}
}

// plausible makes a time that decoders accept.
func plausible(ms int64) int64 {
	if ms < 0 {
		ms = -ms
	}
	return 100_000_000_000 + ms
}

func optional(ms int64) int64 {
	if ms < 0 {
		return 0
	}
	return plausible(ms)
}

func disjoint(s consent.State) consent.State {
	s.Granted &= consent.AllPurposes &^ s.Denied
	return s
}

func fixDecision(d *decision.Decision) {
	d.Said = disjoint(d.Said)
	d.Consent.Detail = ""
	if d.Mapping == "" {
		d.Lane = 0
	}
}

// fixConsent leaves out what decoders and others find out.
func fixConsent(in *consent.Input) {
	in.Malformed, in.WrongType, in.UnknownMember, in.NearMember, in.Copied = false, 0, "", "", false
}

func sectionIDs(ids ...int64) (s consent.SectionIDs) {
	for _, id := range ids {
		s.Add(id)
	}
	return s
}

func fixEvent(e *event.Event) {
	e.Origin, e.Notes = event.Coordinates{}, nil
	e.CustomerID, e.Name = "acme", "n"+e.Name
	fixConsent(&e.Consent)
	e.Time = plausible(e.Time)
	for _, at := range []*int64{&e.ReceivedTime, &e.Click.CapturedAt, &e.Consent.CapturedAt, &e.Original.Time} {
		*at = optional(*at)
	}
	e.Properties = unique(e.Properties, func(p event.Property) string { return p.Key })
	e.Identity.LoginIDs = unique(e.Identity.LoginIDs, func(n event.NamedRaw) string { return n.Name })
	e.Click.Other = unique(e.Click.Other, func(n event.NamedRaw) string { return n.Name })
}

func unique[T any](list []T, key func(T) string) []T {
	seen := map[string]bool{}
	var out []T
	for _, v := range list {
		if !seen[key(v)] {
			out = append(out, v)
		}
		seen[key(v)] = true
	}
	return out
}

// sorted puts an event's maps into one order.
func sorted[T any](v T) T {
	if e, ok := any(&v).(*event.Event); ok {
		sortBy(e.Properties, func(p event.Property) string { return p.Key })
		sortBy(e.Identity.LoginIDs, func(n event.NamedRaw) string { return n.Name })
		sortBy(e.Click.Other, func(n event.NamedRaw) string { return n.Name })
	}
	return v
}

func sortBy[T any](list []T, key func(T) string) {
	for i := range list {
		for j := i; j > 0 && strings.Compare(key(list[j]), key(list[j-1])) < 0; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}
