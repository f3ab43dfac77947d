package cli_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/seal"
	"github.com/sluicehq/sluice/schemas"
)

var patient = strings.Replace(impatient, "  delivery: {retry_for: 1s}", "  consent: {unknown: hold}", 1)

// undecided is a purchase about whose consent nobody has said anything.
func undecided(id string) string {
	return strings.Replace(purchase("acme", id, time.Now()), `{"ad_storage":"granted","ad_user_data":"granted","ad_personalization":"granted"}`, "{}", 1)
}

// TestAnErasureReachesWhatIsHeld: the key goes at once, whoever holds the event
// opens nothing of it, and what others wait for is sent.
func TestAnErasureReachesWhatIsHeld(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, patient)
	p.startWith(append(p.services.Environ(), "SLUICE_ADMIN_LISTEN=off", "SLUICE_ROUTER_HOLD_AFTER=1h"), p.flags()...)
	p.do("emit", "--file", p.file("held.ndjson", undecided("kept")+undecided("gone")+undecided("gone-too")))
	p.do("emit", "--invalid", "send", "--file", p.file("junk.ndjson", "jo@mail.example\n"))
	p.await(3, "--status", "held")
	p.await(1, "--status", "dead_lettered")
	for _, topic := range []string{"sluice.hold", "sluice.deadletter.events"} {
		for _, r := range p.records(topic) {
			require.NotContains(t, string(r.Value)+string(r.Key), "jo@mail.example", topic)
		}
	}
	p.stop()

	erase := func(subject string) result {
		return p.command("consent", "erase", "--customer", "acme", "--subject", subject)
	}
	require.Contains(t, erase("s-gone").stderr, "destroyed: the keys of 1 sealed events")
	require.NotContains(t, erase("s-gone").stderr, "destroyed", "there is none any more")
	p.file("consent.ndjson", `{"customer_id":"acme","subject_id":"s-gone-too","erased":true,"updated_at":`+"1700000000000}\n")
	p.do("consent", "import", "--file", p.dir+"/consent.ndjson")
	p.do("consent", "set", "--customer", "acme", "--subject", "s-kept", "--grant", "ad_user_data,ad_storage,ad_personalization")
	require.Equal(t, 2, p.tombstones("sluice.subject-keys"))

	p.startWith(append(p.services.Environ(), "SLUICE_ADMIN_LISTEN=off", "SLUICE_ROUTER_HOLD_AFTER=1s"), p.flags()...)
	p.await(1, "--status", "delivered")
	p.await(2, "--reason", "consent.erased")
	require.Equal(t, "kept", p.decisions("--status", "delivered")[0].EventID)
	require.Equal(t, "gone", p.decisions("--reason", "consent.erased", "--event-id", "gone")[0].EventID)
	p.until("the key of what was sent to be destroyed", func() bool { return p.tombstones("sluice.subject-keys") >= 3 })
	flow := p.do("data-flow")
	require.Contains(t, flow, "| `sluice.hold` | 8d | sealed, a key per event; subject id |")
	require.Contains(t, flow, "| `sluice.deadletter.events` | 7d | sealed to the installation |")
	require.Contains(t, flow, "the installation key `k1`")
}

func (p *pipeline) tombstones(topic string) int {
	n := 0
	for _, r := range p.records(topic) {
		if r.Value == nil {
			n++
		}
	}
	return n
}

// TestAReplayOpensSealedDeadLetters: those of a subject with their keys, unless the
// subject was erased, and those of nobody; what stays shut is counted.
func TestAReplayOpensSealedDeadLetters(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	p.start()
	p.emit("acme", "e-", 1)
	p.await(1, "--status", "delivered")
	w := p.letters(p.records("analytics.events")[0].Value)
	ask := func() (read, opened, shut int) {
		var dry struct {
			Scanned, Unreadable int
			Destinations        []struct{ Sent, Delivered int }
		}
		p.json(&dry, "replay", "--from", "deadletter", "--customer", "acme", "--since", "1h", "--dry-run")
		for _, d := range dry.Destinations {
			opened += d.Sent + d.Delivered
		}
		return dry.Scanned, opened, dry.Unreadable
	}
	want := func(read, opened, shut int, why string) {
		t.Helper()
		gotRead, gotOpened, gotShut := ask()
		require.Equal(t, []int{read, opened, shut}, []int{gotRead, gotOpened, gotShut}, why)
	}
	w.write("acme:s-lost", 100, false)
	want(1, 0, 1, "its key is gone")
	w.write("acme:s-e-1", 101, true)
	want(2, 1, 1, "its key is there")
	w.write("", 102, false)
	want(3, 2, 1, "it is nobody's")
	require.Equal(t, 3, unjsonInt(t, p.do("dlq", "summary", "--output", "json"), "events"))
	require.NotContains(t, p.do("dlq", "peek", "--payload", "--output", "json"), "jo@mail.example")
	p.do("consent", "erase", "--customer", "acme", "--subject", "s-e-1")
	want(3, 1, 2, "the subject was erased")
	require.Contains(t, p.do("dlq", "discard", "--reason", "event.sealed", "--yes"), "3 dead letters given up")
	want(3, 0, 0, "they were given up")
}

func unjsonInt(t *testing.T, text, name string) int {
	t.Helper()
	return int(unjson(t, text)[name].(float64))
}

// letters writes sealed dead letters of one event, as a router does.
type letters struct {
	*pipeline
	ring     *seal.Ring
	original []byte
}

func (p *pipeline) letters(original []byte) *letters {
	p.t.Helper()
	ring, err := seal.New(seal.Config{
		Prefix: cmp.Or(p.services.Names().Prefix, "sluice"), Current: "k1",
		Keys: map[string]identity.Raw{"k1": identity.NewRaw("an installation key of more than thirty-two bytes")},
	})
	require.NoError(p.t, err)
	return &letters{p, ring, original}
}

// write writes one of a subject, or of nobody, with or without its key.
func (w *letters) write(subject string, offset int64, key bool) {
	t := w.t.(*testing.T)
	t.Helper()
	at := event.Coordinates{Topic: w.services.Name("analytics.events"), TopicID: event.TopicID{1}, Offset: offset}
	d := codec.DeadEvent(codec.Original{Source: at}, decision.EventSealed, "", time.Now().UnixMilli())
	d.CustomerID = "acme"
	content := codec.AppendContent(nil, &codec.Original{Value: w.original})
	var own seal.Key
	var err error
	if d.Sealed, err = w.ring.ToInstallation(at, content); subject != "" {
		d.Sealed, own, err = w.ring.ToSubject(subject, at, content)
	}
	require.NoError(t, err)
	register := func(topic string, schema schemas.Name) codec.SchemaID {
		id, err := w.registry(t).Register(t.Context(), w.services.Name(topic), schema)
		require.NoError(t, err)
		return id
	}
	if key {
		k := codec.SubjectKey{InstallationKey: own.Installation, Wrapped: own.Bytes[:]}
		w.produce("sluice.subject-keys", own.Record, codec.AppendSubjectKey(nil, register("sluice.subject-keys", schemas.SubjectKey), &k), nil)
	}
	w.produce("sluice.deadletter.events", []byte(subject), codec.AppendDeadLetter(nil, register("sluice.deadletter.events", schemas.DeadLetter), &d), nil)
}
