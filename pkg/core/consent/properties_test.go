package consent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// world draws statements, places and needs from few values, so that equal
// times and conflicts are common.
type world struct {
	fields, tcfs, gpps *rapid.Generator[consent.Field]
}

func newWorld(t testing.TB) world {
	t.Helper()
	text := consent.Text
	return world{
		fields: rapid.SampledFrom([]consent.Field{{}, text("granted"), text("denied"), text("granted"), {}}),
		tcfs:   rapid.SampledFrom([]consent.Field{{}, {}, text(tcString(t, "p1,p7")), text(tcString(t, "p1,p3,p4,p7,v755"))}),
		gpps:   rapid.SampledFrom([]consent.Field{{}, {}, text(gppString(t, "8:sale")), text(gppString(t, "16:AA"))}),
	}
}

func (w world) input(t *rapid.T, label string) consent.Input {
	tri := rapid.SampledFrom([]consent.Tri{consent.Unset, consent.Unset, consent.False, consent.True})
	return consent.Input{
		AdStorage:         w.fields.Draw(t, label+" ad_storage"),
		AdUserData:        w.fields.Draw(t, label+" ad_user_data"),
		AdPersonalization: w.fields.Draw(t, label+" ad_personalization"),
		TCF:               w.tcfs.Draw(t, label+" tcf"),
		GPP:               w.gpps.Draw(t, label+" gpp"),
		GPC:               tri.Draw(t, label+" gpc"),
		DNT:               tri.Draw(t, label+" dnt"),
		CapturedAt:        now.UnixMilli() - rapid.Int64Range(0, 3).Draw(t, label+" age"),
	}
}

func (w world) record(t *rapid.T) consent.Record {
	in := w.input(t, "record")
	return consent.Record{
		Input: in, UpdatedAt: in.CapturedAt,
		OptOutOverridden: rapid.Bool().Draw(t, "overridden"),
	}
}

func place(t *rapid.T) consent.Place {
	countries := rapid.SampledFrom([]string{"DE", "US", "NZ", ""})
	regions := rapid.SampledFrom([]string{"", "CA", "TX"})
	return consent.Place{
		Location: consent.NewJurisdiction(countries.Draw(t, "country"), regions.Draw(t, "region")),
		Identity: consent.NewJurisdiction(countries.Draw(t, "identity"), ""),
	}
}

func needs(t *rapid.T) consent.Needs {
	purposes := rapid.SampledFrom([]consent.PurposeSet{consent.AdUserData, consent.AdUserData | consent.AdPersonalization})
	return consent.Needs{
		Purposes:  purposes.Draw(t, "needs"),
		Sensitive: rapid.Bool().Draw(t, "sensitive"),
		TCFVendor: rapid.SampledFrom([]int32{0, 755}).Draw(t, "vendor"),
	}
}

func judge(snapshot consent.Input, record consent.Record, p consent.Place, n consent.Needs) consent.Outcome {
	e := consent.Merge(consent.Normalise(snapshot, 0, 0), consent.NormaliseRecord(record, 0), p, testPolicy().At(p), now.UnixMilli())
	return consent.Judge(&e, n)
}

// Every step from more to less permission, one field at a time.
var restrictions = map[string]func(*consent.Input){
	"deny ad_storage":         func(in *consent.Input) { in.AdStorage = consent.Text("denied") },
	"deny ad_user_data":       func(in *consent.Input) { in.AdUserData = consent.Text("denied") },
	"deny ad_personalization": func(in *consent.Input) { in.AdPersonalization = consent.Text("denied") },
	"garble ad_storage":       func(in *consent.Input) { in.AdStorage = consent.Text("") },
	"garble tcf":              func(in *consent.Input) { in.TCF = consent.Text("C") },
	"wrong type":              func(in *consent.Input) { in.Malformed = true },
	"child":                   func(in *consent.Input) { in.AgeGroup = consent.Text("child") },
	"gpc":                     func(in *consent.Input) { in.GPC = consent.True },
	"dnt":                     func(in *consent.Input) { in.DNT = consent.True },
}

// Restricting either input never lets an event pass that was blocked, and never
// makes a purpose usable. A newer denial in one input replaces the other's
// answer only with a denial, so this holds across merging, too.
func TestRestrictingIsMonotone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, restrict := range restrictions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				snapshot, record, p, n := w.input(t, "snapshot"), w.record(t), place(t), needs(t)
				before := judge(snapshot, record, p, n)
				if rapid.Bool().Draw(t, "restrict the record") {
					restrict(&record.Input)
				} else {
					restrict(&snapshot)
				}
				after := judge(snapshot, record, p, n)
				require.False(t, !before.OK() && after.OK(), "a restriction let the event pass")
				require.Zero(t, after.Usable&^before.Usable, "a restriction made a purpose usable")
			})
		})
	}
}

// Removing a grant never helps, where no other input answers in its place.
func TestRemovingAGrantIsMonotone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		snapshot, p, n := w.input(t, "snapshot"), place(t), needs(t)
		snapshot.TCF = consent.Field{}
		before := judge(snapshot, consent.Record{}, p, n)
		fields := []*consent.Field{&snapshot.AdStorage, &snapshot.AdUserData, &snapshot.AdPersonalization}
		field := fields[rapid.IntRange(0, len(fields)-1).Draw(t, "field")]
		if field.Value != "granted" {
			return
		}
		*field = consent.Field{}
		after := judge(snapshot, consent.Record{}, p, n)
		require.False(t, !before.OK() && after.OK(), "a removed grant let the event pass")
		require.Zero(t, after.Said.Granted&^before.Said.Granted)
	})
}

// Which input is called snapshot and which record makes no difference to what
// the purposes are; only signals and erasure treat a record differently.
func TestMergingIsOrderIndependent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		a, b, p, n := w.input(t, "a"), w.input(t, "b"), place(t), needs(t)
		a.GPC, a.DNT, b.GPC, b.DNT = 0, 0, 0, 0
		ab := judge(a, consent.Record{Input: b, UpdatedAt: b.CapturedAt}, p, n)
		ba := judge(b, consent.Record{Input: a, UpdatedAt: a.CapturedAt}, p, n)
		require.Equal(t, ab.Causes, ba.Causes)
		require.Equal(t, ab.Usable, ba.Usable)
		require.Equal(t, ab.Said, ba.Said)
	})
}

// A place with a stricter identity.country never allows more.
func TestIdentityCountryIsMonotone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		snapshot, record, p, n := w.input(t, "snapshot"), w.record(t), place(t), needs(t)
		with := judge(snapshot, record, p, n)
		p.Identity = consent.Jurisdiction{}
		without := judge(snapshot, record, p, n)
		require.False(t, with.OK() && !without.OK())
		require.Zero(t, with.Usable&^without.Usable)
	})
}

func TestRevokedIsWhatMayNoLongerBeUsed(t *testing.T) {
	t.Parallel()
	denied := consent.Record{UpdatedAt: now.Add(-time.Minute).UnixMilli()}
	denied.AdStorage = consent.Text("denied")
	usa := consent.Place{Location: consent.NewJurisdiction("US", "TX")}
	germany := consent.Place{Location: consent.NewJurisdiction("DE", "")}
	n := consent.Needs{Purposes: consent.AdUserData}

	optOut := judge(consent.Input{CapturedAt: 1}, denied, usa, n)
	require.Equal(t, consent.AdStorage, optOut.Revoked(consent.AdUserData|consent.AdStorage))
	require.Zero(t, optOut.Revoked(consent.AdUserData))

	optIn := judge(consent.Input{CapturedAt: 1}, denied, germany, n)
	require.Equal(t, consent.AdUserData|consent.AdStorage, optIn.Revoked(consent.AdUserData|consent.AdStorage))

	gpc := judge(consent.Input{CapturedAt: 1, GPC: consent.True}, consent.Record{}, usa, n)
	require.Equal(t, consent.AdUserData, gpc.Revoked(consent.AdUserData|consent.AdStorage), "a click id may stay in a restricted delivery")
}

func TestExplainGivesTheBasisOfALaterCause(t *testing.T) {
	t.Parallel()
	snapshot := consent.Normalise(consent.Input{GPC: consent.True, CapturedAt: 5}, 0, 0)
	record := consent.Record{UpdatedAt: 6, Offset: 9}
	record.AdUserData = consent.Text("denied")
	usa := consent.Place{Location: consent.NewJurisdiction("US", "CA")}
	e := consent.Merge(snapshot, consent.NormaliseRecord(record, 0), usa, testPolicy().At(usa), now.UnixMilli())
	n := consent.Needs{Purposes: consent.AdUserData}
	out := consent.Judge(&e, n)
	require.Equal(t, consent.Snapshot, out.Basis.Source)
	b := consent.Explain(&e, n, consent.DeniedPurpose)
	require.Equal(t, consent.FromRecord, b.Source)
	require.Equal(t, int64(9), b.Offset)
	require.Equal(t, consent.AdUserData, b.Purpose)
}
