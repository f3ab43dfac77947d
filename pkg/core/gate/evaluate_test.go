package gate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// The gates in their order; each spoils a case for its own reason.
var order = []struct {
	reason decision.Reason
	status decision.Status
	gate   string
	spoil  func(*world)
}{
	{decision.MappingDisabled, decision.Skipped, "mapping", func(w *world) { w.route.Mapping.Enabled = false }},
	{decision.EventNotLive, decision.Skipped, "traffic", func(w *world) { w.event.Traffic = "bot" }},
	{decision.MappingCondition, decision.Skipped, "condition", func(w *world) { w.program("event.commerce.transaction_id == 'other'") }},
	{decision.DestinationInactive, decision.Skipped, "destination", func(w *world) { w.route.Destination.Active = false }},
	{decision.DestinationInvalid, decision.Skipped, "destination", func(w *world) { w.route.Invalid = "broken" }},
	{decision.DestinationNoCredentials, decision.Skipped, "destination", func(w *world) { w.route.Destination.Secret = "" }},
	{decision.DestinationTermsNotAccepted, decision.Skipped, "destination", func(w *world) { w.route.Destination.Terms = resource.Terms{AcceptedBy: "dpo"} }},
	{decision.ConsentErased, decision.Skipped, "choice", func(w *world) { w.record(func(r *consent.Record) { r.Erased = true }) }},
	{decision.ChoiceGPC, decision.Skipped, "choice", func(w *world) { w.event.Consent.GPC = consent.True }},
	{decision.ChoiceDNT, decision.Skipped, "choice", func(w *world) { w.event.Consent.DNT = consent.True }},
	{decision.ChoiceMinor, decision.Skipped, "choice", func(w *world) { w.event.Consent.AgeGroup = consent.Text("child") }},
	{decision.ConsentMalformed, decision.Skipped, "consent", func(w *world) { w.event.Consent.AdStorage = consent.Text("maybe") }},
	{decision.ConsentDenied, decision.Skipped, "consent", (*world).denied},
	{decision.ConsentSensitive, decision.Skipped, "consent", func(w *world) {
		w.route.Needs.Sensitive = true
		w.event.Consent.AdPersonalization = consent.Text("denied")
	}},
	{decision.ConsentExpired, decision.Skipped, "consent", func(w *world) {
		policy := *w.route.Policy
		policy.Lifetime = time.Minute
		w.route.Policy = &policy
	}},
	{decision.ConsentUnknown, decision.Skipped, "consent", func(w *world) { w.route.Needs.Purposes |= consent.AnalyticsStorage }},
	{decision.IdentifiersUnsafeID, decision.Skipped, "identifiers", func(w *world) { w.provider.built.IdentifierReason = decision.IdentifiersUnsafeID }},
	{decision.ProviderTooOld, decision.Rejected, "age", func(w *world) { w.provider.built.NotAfter = now - 1 }},
	{decision.ProviderDedupWindowPassed, decision.Rejected, "age", func(w *world) { w.provider.built.DedupUntil = now - 1 }},
	{decision.ProviderValueMissing, decision.Rejected, "preflight", func(w *world) { w.provider.built.PreflightReason = decision.ProviderValueMissing }},
}

// With every gate from one on failing, that one decides.
func TestTheFirstGateThatFailsDecides(t *testing.T) {
	t.Parallel()
	for i, row := range order {
		w := newWorld()
		for _, later := range order[i:] {
			later.spoil(w)
		}
		r := w.evaluate()
		require.Equal(t, row.reason, r.Reason, "expected %s", row.reason)
		require.Equal(t, row.status, r.Status, row.reason)
		require.Equal(t, row.gate, gate.Names()[r.Passed], row.reason)
		require.Empty(t, r.Payload, row.reason)
		if r.Passed < 6 {
			require.Empty(t, w.provider.inputs, "%s: the provider is asked only when everything before it has passed", row.reason)
		}
	}
}

func TestEachGateAloneDecides(t *testing.T) {
	t.Parallel()
	for _, row := range order {
		w := newWorld()
		row.spoil(w)
		require.Equal(t, row.reason, w.evaluate().Reason)
	}
	require.Equal(t, []string{"mapping", "traffic", "condition", "destination", "choice", "consent", "identifiers", "age", "preflight"}, gate.Names())
}

func TestACaseThatPasses(t *testing.T) {
	t.Parallel()
	w := newWorld()
	scratch := &gate.Scratch{Payload: []byte("before")}
	c := w.testCase()
	r := gate.Evaluate(c, scratch)
	require.Equal(t, decision.Queued, r.Status)
	require.Equal(t, decision.Eligible, r.Reason)
	require.Equal(t, len(gate.Names()), r.Passed)
	require.JSONEq(t, `{"id":"e-1"}`, string(r.Payload))
	require.Equal(t, `before{"id":"e-1"}`, string(scratch.Payload))
	require.Equal(t, decision.Facts{
		Customer: "acme", Subject: w.event.SubjectID, DestinationID: "d", Mapping: "m", Account: "account",
		EventTime: now - hour, StoredAt: now - hour, Place: c.Place, Snapshot: c.Snapshot, Needs: w.route.Needs,
		ReliesOn: consent.AdUserData, NotAfter: now + 24*hour, FutureTolerance: 60_000,
	}, r.Facts)
	require.Equal(t, 1, w.view.lookups, "both consent gates share one judgement")
	require.Equal(t, consent.Advertising, w.provider.inputs[0].Usable)

	w.route.Destination.Mode = resource.ModeShadow
	r = w.evaluate()
	require.Equal(t, decision.Shadowed, r.Status)
	require.Equal(t, decision.Eligible, r.Reason)
}

func TestTraffic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		traffic string
		allowed []string
		passes  bool
	}{
		{"", nil, true},
		{"live", nil, true},
		{"test", nil, false},
		{"internal", nil, false},
		{"Live", nil, false},
		{"test", []string{"live", "test"}, true},
		{"", []string{"test"}, false},
	} {
		w := newWorld()
		w.event.Traffic, w.route.Destination.Traffic = c.traffic, c.allowed
		require.Equal(t, c.passes, w.evaluate().Reason == decision.Eligible, "%+v", c)
	}
}

func TestAnExpressionThatFailsNamesNoData(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.program("event.page.url == 'x'")
	w.event.Page = event.Page{Title: "ann@x.example"}
	r := w.evaluate()
	require.Equal(t, decision.MappingError, r.Reason)
	require.Equal(t, decision.Skipped, r.Status)
	require.Contains(t, r.Detail, "event.page.url is absent")
	require.NotContains(t, r.Detail, "@")
}

func TestAge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*world)
		want  decision.Reason
	}{
		"at the limit":                {func(w *world) { w.provider.built.NotAfter = now }, decision.Eligible},
		"just beyond":                 {func(w *world) { w.provider.built.NotAfter = now - 1 }, decision.ProviderTooOld},
		"no limit":                    {func(w *world) { w.provider.built.NotAfter = 0 }, decision.Eligible},
		"as far ahead as tolerated":   {func(w *world) { w.event.Time = now + 60_000 }, decision.Eligible},
		"further ahead":               {func(w *world) { w.event.Time = now + 60_001 }, decision.ProviderInFuture},
		"the window is still open":    {func(w *world) { w.provider.built.DedupUntil = now }, decision.Eligible},
		"the window is over":          {func(w *world) { w.provider.built.DedupUntil = now - 1 }, decision.ProviderDedupWindowPassed},
		"a replay goes past it":       {func(w *world) { w.provider.built.DedupUntil, w.past = now-1, true }, decision.Eligible},
		"but not past the age limit":  {func(w *world) { w.provider.built.NotAfter, w.past = now-1, true }, decision.ProviderTooOld},
		"too old comes before window": {func(w *world) { w.provider.built.NotAfter, w.provider.built.DedupUntil = now-1, now-1 }, decision.ProviderTooOld},
	} {
		w := newWorld()
		c.spoil(w)
		require.Equal(t, c.want, w.evaluate().Reason, name)
	}
}

// Every combination of what stands against an event and what the destination
// chose for it.
func TestWhatADestinationChoseForAFailure(t *testing.T) {
	t.Parallel()
	const us = "US"
	for name, c := range map[string]struct {
		country string
		spec    resource.ConsentSpec
		spoil   func(*world)
		status  decision.Status
		reason  decision.Reason
		cause   decision.Reason
	}{
		"denied, skip":               {"DE", resource.ConsentSpec{}, (*world).denied, decision.Skipped, decision.ConsentDenied, 0},
		"denied, restrict":           {"DE", resource.ConsentSpec{Denied: resource.Restrict}, (*world).denied, decision.Queued, decision.Eligible, decision.ConsentDenied},
		"unknown, skip":              {"DE", resource.ConsentSpec{}, (*world).silent, decision.Skipped, decision.ConsentUnknown, 0},
		"unknown, hold":              {"DE", resource.ConsentSpec{Unknown: resource.Hold}, (*world).silent, decision.Held, decision.ConsentUnknown, 0},
		"unknown, restrict":          {"DE", resource.ConsentSpec{Unknown: resource.Restrict}, (*world).silent, decision.Queued, decision.Eligible, decision.ConsentUnknown},
		"unknown under opt-out":      {us, resource.ConsentSpec{Unknown: resource.Hold}, (*world).silent, decision.Queued, decision.Eligible, 0},
		"unknown on the last call":   {"DE", resource.ConsentSpec{Unknown: resource.Hold}, func(w *world) { w.silent(); w.lastCall = true }, decision.Skipped, decision.ConsentUnknown, 0},
		"GPC, restrict":              {us, resource.ConsentSpec{Choice: resource.Restrict}, func(w *world) { w.event.Consent.GPC = consent.True }, decision.Queued, decision.Eligible, decision.ChoiceGPC},
		"GPC and DNT, restrict":      {us, resource.ConsentSpec{Choice: resource.Restrict}, func(w *world) { w.event.Consent.GPC, w.event.Consent.DNT = consent.True, consent.True }, decision.Queued, decision.Eligible, decision.ChoiceGPC},
		"a minor is never restrict":  {us, resource.ConsentSpec{Choice: resource.Restrict}, func(w *world) { w.event.Consent.AgeGroup = consent.Text("teen") }, decision.Skipped, decision.ChoiceMinor, 0},
		"GPC of a minor":             {us, resource.ConsentSpec{Choice: resource.Restrict}, func(w *world) { w.event.Consent.GPC, w.event.Consent.AgeGroup = consent.True, consent.Text("child") }, decision.Skipped, decision.ChoiceMinor, 0},
		"malformed is never":         {"DE", resource.ConsentSpec{Denied: resource.Restrict, Unknown: resource.Restrict}, func(w *world) { w.event.Consent.AdUserData = consent.Text("yes") }, decision.Skipped, decision.ConsentMalformed, 0},
		"GPC restricts, denied not":  {us, resource.ConsentSpec{Choice: resource.Restrict}, func(w *world) { w.denied(); w.event.Consent.GPC = consent.True }, decision.Skipped, decision.ConsentDenied, 0},
		"both are restricted":        {us, resource.ConsentSpec{Choice: resource.Restrict, Denied: resource.Restrict}, func(w *world) { w.denied(); w.event.Consent.GPC = consent.True }, decision.Queued, decision.Eligible, decision.ChoiceGPC},
		"no reduced form":            {"DE", resource.ConsentSpec{Denied: resource.Restrict}, func(w *world) { w.denied(); w.provider.built.Restrictable = false }, decision.Skipped, decision.ConsentDenied, 0},
		"erased is never":            {us, resource.ConsentSpec{Choice: resource.Restrict}, func(w *world) { w.record(func(r *consent.Record) { r.Erased = true }) }, decision.Skipped, decision.ConsentErased, 0},
		"a record of another denies": {us, resource.ConsentSpec{}, func(w *world) { w.record(func(r *consent.Record) { r.AdUserData = consent.Text("denied") }) }, decision.Skipped, decision.ConsentDenied, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.event.Location.Country, w.route.Destination.Consent = c.country, c.spec
			c.spoil(w)
			r := w.evaluate()
			require.Equal(t, c.status.String()+" "+c.reason.String(), r.Status.String()+" "+r.Reason.String())
			require.Equal(t, c.cause, r.Facts.Cause)
			require.Equal(t, c.cause != 0, r.Restricted())
			if len(w.provider.inputs) > 0 && c.status == decision.Queued {
				require.Equal(t, c.cause != 0, w.provider.inputs[0].Restricted)
			}
		})
	}
}

func TestWithoutASubjectOnlyTheSnapshotCounts(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.record(func(r *consent.Record) { r.Erased = true })
	w.event.SubjectID = identity.Raw{}
	require.Equal(t, decision.Eligible, w.evaluate().Reason)
	require.Zero(t, w.view.lookups, "a record of nobody is not asked for")
}

// A set never holds such routes without saying that they are invalid; if one
// did, it would be refused before anything of it is used.
func TestARouteWithoutPolicyOrProviderIsInvalid(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(*world){
		func(w *world) { w.route.Policy = nil },
		func(w *world) { w.route.Provider = nil },
		func(w *world) { w.route.Target = nil },
		func(w *world) { w.route.Invalid = "broken" },
	} {
		w := newWorld()
		spoil(w)
		require.Equal(t, decision.DestinationInvalid, w.evaluate().Reason)
		if w.route.Policy != nil {
			_, ok := gate.ClaimOf(w.testCase(), &gate.Scratch{})
			require.False(t, ok)
		}
		require.Empty(t, w.provider.inputs)
	}
}

func TestClaimOfIsTheClaimOfAnEligibleReading(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.denied()
	scratch := &gate.Scratch{}
	built, ok := gate.ClaimOf(w.testCase(), scratch)
	require.True(t, ok)
	require.Equal(t, "e-1", built.ClaimID)
	require.Empty(t, scratch.Payload)
	w.provider.built.ClaimID = ""
	_, ok = gate.ClaimOf(w.testCase(), scratch)
	require.False(t, ok)
}

func TestAlsoClaimID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*world)
		want  string
	}{
		"as declared":    {func(*world) {}, "t-1"},
		"not declared":   {func(w *world) { w.route.Destination.Dedup.AlsoByTransaction = false }, ""},
		"no transaction": {func(w *world) { w.event.Commerce.TransactionID = "" }, ""},
		"an adjustment":  {func(w *world) { w.provider.built.Adjust = true }, ""},
		"claimed by it already": {func(w *world) {
			w.provider.built.ClaimID, w.provider.built.DuplicateReason = "t-1", decision.DuplicateTransaction
		}, ""},
		"an event id that is like": {func(w *world) { w.provider.built.ClaimID = "t-1" }, "t-1"},
	} {
		w := newWorld()
		w.route.Destination.Dedup.AlsoByTransaction = true
		c.spoil(w)
		require.Equal(t, c.want, gate.AlsoClaimID(w.testCase(), &w.provider.built), name)
	}
}
