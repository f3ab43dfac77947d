package consent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

func benchInputs() (consent.Input, consent.Statement, consent.Place) {
	in := consent.Input{
		AdStorage: consent.Text("granted"), AdUserData: consent.Text("granted"),
		AdPersonalization: consent.Text("denied"), GPC: consent.False, CapturedAt: now.UnixMilli() - 5,
	}
	record := consent.Record{UpdatedAt: now.UnixMilli() - 9}
	record.AdUserData = consent.Text("granted")
	return in, consent.NormaliseRecord(record, 0), consent.Place{Location: consent.NewJurisdiction("US", "CA")}
}

func BenchmarkNormalise(b *testing.B) {
	in, _, _ := benchInputs()
	b.ReportAllocs()
	for b.Loop() {
		sinkStatement = consent.Normalise(in, 1, 2)
	}
}

func BenchmarkNormaliseTCF(b *testing.B) {
	in := consent.Input{TCF: consent.Text(tcString(b, "p1,p3,p4,p7,v755"))}
	b.ReportAllocs()
	for b.Loop() {
		sinkStatement = consent.Normalise(in, 1, 2)
	}
}

func BenchmarkNormaliseGPP(b *testing.B) {
	in := consent.Input{GPP: consent.Text(gppString(b, "6:=1YNN+7:+8:"))}
	b.ReportAllocs()
	for b.Loop() {
		sinkStatement = consent.Normalise(in, 1, 2)
	}
}

func BenchmarkResolveMergeJudge(b *testing.B) {
	in, record, place := benchInputs()
	snapshot, policy := consent.Normalise(in, 1, 0), testPolicy()
	b.ReportAllocs()
	for b.Loop() {
		e := consent.Merge(snapshot, record, place, policy.At(place), now.UnixMilli())
		sinkOutcome = consent.Judge(&e, consent.Needs{Purposes: consent.AdUserData})
	}
}

var (
	sinkStatement consent.Statement
	sinkOutcome   consent.Outcome
)

// The router judges every mapped event: nothing of it may allocate.
func TestHotPathDoesNotAllocate(t *testing.T) {
	in, record, place := benchInputs()
	policy := testPolicy()
	needs := consent.Needs{Purposes: consent.AdUserData}
	at := now.UnixMilli()
	in.TCF = consent.Text(tcString(t, "p1,p3,p4,p7,v755"))
	in.GPP = consent.Text(gppString(t, "2:p1,p7,v755+6:=1YNN+7:+8:gpc+16:"))
	allocs := testing.AllocsPerRun(200, func() {
		snapshot := consent.Normalise(in, at, at)
		e := consent.Merge(snapshot, record, place, policy.At(place), at)
		sinkOutcome = consent.Judge(&e, needs)
		sinkOutcome.Causes.First()
		place.Location = consent.NewJurisdiction("US", "CA")
	})
	require.Zero(t, allocs)
}
