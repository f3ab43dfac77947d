package gate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// compiled is a destination and a mapping of the stub provider, as tables.
type compiled struct {
	destination resource.Destination
	mapping     resource.Mapping
	account     string
	needs       consent.PurposeSet
}

func newCompiled() compiled {
	return compiled{
		destination: resource.Destination{
			ID: "d", Customer: "acme", Provider: "stub", Active: true, Secret: "file:acme-x",
			Terms: resource.Terms{AcceptedBy: "dpo", AcceptedAt: "2026-01-01"}, Consent: resource.ConsentSpec{Policy: resource.DefaultPolicy},
		},
		mapping: resource.Mapping{Name: "m", DestinationID: "d", SourceEvent: "order", ProviderEvent: "Purchase", Enabled: true},
		account: "account", needs: consent.AdUserData,
	}
}

// compiler is the stub's part in compiling resources.
type compiler struct {
	stub
	account string
	needs   consent.PurposeSet
}

func (*compiler) Supported() decision.KindSet                                         { return decision.Kinds(decision.KindEmail) }
func (c *compiler) Needs() consent.Needs                                              { return consent.Needs{Purposes: c.needs} }
func (c *compiler) Open(*resource.Destination) (resource.Account, []resource.Problem) { return c, nil }
func (c *compiler) Fingerprint() string                                               { return c.account }
func (c *compiler) Map(*resource.Mapping) (resource.Target, []resource.Problem)       { return c, nil }

func (c compiled) set() *resource.Set {
	set, _ := resource.Compile(
		&resource.Resources{Destinations: []*resource.Destination{&c.destination}, Mappings: []*resource.Mapping{&c.mapping}},
		resource.Installation{Providers: map[string]resource.Provider{"stub": &compiler{account: c.account, needs: c.needs}}},
	)
	return set
}

// facts are those of a delivery that was routed an hour ago.
func facts() decision.Facts {
	yes := consent.Text("granted")
	at := now - hour
	return decision.Facts{
		Customer: "acme", Subject: identity.NewRaw("s-1"), DestinationID: "d", Mapping: "m", Account: "account",
		EventTime: at, StoredAt: at, Place: consent.Place{Location: consent.NewJurisdiction("DE", "")},
		Snapshot: consent.Normalise(consent.Input{AdStorage: yes, AdUserData: yes, AdPersonalization: yes}, at, at),
		Needs:    consent.Needs{Purposes: consent.AdUserData}, ReliesOn: consent.AdUserData | consent.AdStorage,
		NotAfter: now + hour, FutureTolerance: 60_000,
	}
}

// today is what a test changes between routing and sending.
type today struct {
	facts    decision.Facts
	tables   compiled
	record   *consent.Record
	location string
}

func (d *today) says(change func(*consent.Record)) {
	d.record = &consent.Record{UpdatedAt: now - 60_000}
	change(d.record)
}

func (d *today) recheck() gate.Rechecked {
	if d.location != "" {
		d.facts.Place.Location = consent.NewJurisdiction(d.location, "")
	}
	v := &view{set: d.tables.set()}
	if d.record != nil {
		v.record, v.known = consent.NormaliseRecord(*d.record, now), true
	}
	return gate.Recheck(&d.facts, v, now)
}

// Every reason that a sender may give for not sending, with its status.
func TestRecheck(t *testing.T) {
	t.Parallel()
	restricted := func(d *today) {
		d.facts.Restricted, d.facts.Cause, d.facts.ReliesOn = true, decision.ConsentDenied, 0
		d.facts.Snapshot.Said = consent.State{Denied: consent.AdUserData}
		d.tables.destination.Consent.Denied = resource.Restrict
	}
	for name, c := range map[string]struct {
		change func(*today)
		status decision.Status
		reason decision.Reason
		detail string
	}{
		"nothing changed":         {func(*today) {}, decision.StatusNone, decision.ReasonNone, ""},
		"the mapping is gone":     {func(d *today) { d.tables.mapping.Name = "other" }, decision.Revoked, decision.MappingNone, ""},
		"the destination is gone": {func(d *today) { d.tables.destination.ID = "other" }, decision.Revoked, decision.MappingNone, ""},
		"the mapping is off":      {func(d *today) { d.tables.mapping.Enabled = false }, decision.Revoked, decision.MappingDisabled, ""},
		"the destination is off":  {func(d *today) { d.tables.destination.Active = false }, decision.Revoked, decision.DestinationInactive, ""},
		"invalid waits":           {func(d *today) { d.tables.destination.Consent.Policy = "gone" }, decision.Parked, decision.DestinationInvalid, ""},
		"no credentials wait":     {func(d *today) { d.tables.destination.Secret = "" }, decision.Parked, decision.CredentialsMissing, ""},
		"terms withdrawn wait":    {func(d *today) { d.tables.destination.Terms.AcceptedBy = "" }, decision.Parked, decision.DestinationTermsNotAccepted, ""},
		"paused":                  {func(d *today) { d.tables.destination.Paused = true }, decision.Parked, decision.DestinationPaused, ""},
		"another account":         {func(d *today) { d.tables.account = "other" }, decision.Revoked, decision.DestinationChanged, "another account"},
		"shadow mode":             {func(d *today) { d.tables.destination.Mode = resource.ModeShadow }, decision.Revoked, decision.DestinationChanged, "shadow mode"},
		"marked sensitive":        {func(d *today) { d.tables.destination.Sensitive = resource.SensitiveHealth }, decision.Revoked, decision.DestinationChanged, "marked sensitive since"},
		"revoked and paused": {func(d *today) {
			d.tables.destination.Paused = true
			d.says(func(r *consent.Record) { r.AdUserData = consent.Text("denied") })
		}, decision.Revoked, decision.ConsentRevoked, "consent.denied"},
		"erased":                   {func(d *today) { d.says(func(r *consent.Record) { r.Erased = true }) }, decision.Revoked, decision.ConsentErased, ""},
		"denied":                   {func(d *today) { d.says(func(r *consent.Record) { r.AdUserData = consent.Text("denied") }) }, decision.Revoked, decision.ConsentRevoked, "consent.denied"},
		"opted out":                {func(d *today) { d.says(func(r *consent.Record) { r.GPC = consent.True }) }, decision.Revoked, decision.ConsentRevoked, "choice.gpc"},
		"a minor":                  {func(d *today) { d.says(func(r *consent.Record) { r.AgeGroup = consent.Text("teen") }) }, decision.Revoked, decision.ConsentRevoked, "choice.minor"},
		"malformed":                {func(d *today) { d.says(func(r *consent.Record) { r.AdStorage = consent.Text("x") }) }, decision.Revoked, decision.ConsentRevoked, "consent.malformed"},
		"what the bytes rely on":   {func(d *today) { d.says(func(r *consent.Record) { r.AdStorage = consent.Text("denied") }) }, decision.Revoked, decision.ConsentRevoked, "ad_storage"},
		"what they do not rely on": {func(d *today) { d.says(func(r *consent.Record) { r.AdPersonalization = consent.Text("denied") }) }, decision.StatusNone, decision.ReasonNone, ""},
		"more is required today":   {func(d *today) { d.tables.needs |= consent.AnalyticsStorage }, decision.Revoked, decision.ConsentRevoked, "consent.unknown"},
		"unknown is final": {func(d *today) {
			d.facts.Snapshot = consent.Statement{}
			d.tables.destination.Consent.Unknown = resource.Hold
		}, decision.Revoked, decision.ConsentRevoked, "consent.unknown"},
		"unknown relies, opt-out": {func(d *today) { d.facts.Snapshot = consent.Statement{}; d.location = "US" }, decision.StatusNone, decision.ReasonNone, ""},
		"too old":                 {func(d *today) { d.facts.NotAfter, d.facts.EventTime = now-1, now-3*24*hour }, decision.Expired, decision.ProviderTooOld, "the event is 3 d old"},
		"its click is too old": {func(d *today) {
			d.facts.NotAfter, d.facts.EventTime, d.facts.AgedSince = now-1, now-hour/2, now-112*24*hour
		}, decision.Expired, decision.ProviderTooOld, "the click is 112 d old, the event 30 min"},
		"the window is over":       {func(d *today) { d.facts.DedupUntil = now - 1 }, decision.Expired, decision.ProviderDedupWindowPassed, ""},
		"a replay past the window": {func(d *today) { d.facts.DedupUntil, d.facts.PastDedupWindow = now-1, true }, decision.StatusNone, decision.ReasonNone, ""},
		"the clock went back":      {func(d *today) { d.facts.EventTime = now + 2*hour; d.facts.NotAfter = 0 }, decision.Parked, decision.ProviderInFuture, ""},
		"restricted, still so":     {restricted, decision.StatusNone, decision.ReasonNone, ""},
		"restricted, better now": {func(d *today) {
			restricted(d)
			d.says(func(r *consent.Record) { r.AdUserData = consent.Text("granted") })
		}, decision.StatusNone, decision.ReasonNone, ""},
		"restricted, no longer so": {func(d *today) { restricted(d); d.tables.destination.Consent.Denied = resource.Skip }, decision.Revoked, decision.ConsentRevoked, "consent.denied"},
		"whole, restricted today": {func(d *today) {
			d.tables.destination.Consent.Denied = resource.Restrict
			d.says(func(r *consent.Record) { r.AdUserData = consent.Text("denied") })
		}, decision.Revoked, decision.ConsentRevoked, "consent.denied"},
		"restricted, relies on one": {func(d *today) {
			restricted(d)
			d.facts.ReliesOn = consent.AdStorage
			d.says(func(r *consent.Record) { r.AdStorage = consent.Text("denied") })
		}, decision.Revoked, decision.ConsentRevoked, "ad_storage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &today{facts: facts(), tables: newCompiled()}
			c.change(d)
			given := d.facts
			v := d.recheck()
			require.Equal(t, c.status.String()+" "+c.reason.String(), v.Status.String()+" "+v.Reason.String(), v.Detail)
			if c.detail != "" {
				require.Equal(t, c.detail, v.Detail)
			}
			require.Equal(t, c.status == decision.StatusNone, v.OK())
			require.Equal(t, given.Needs, d.facts.Needs, "a delivery's facts are never changed")
		})
	}
}

// A gate cannot pass in the router and fail in the sender as long as nothing
// has changed: what Evaluate makes eligible, Recheck lets go.
func TestWhatIsEligibleStands(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(*world){
		func(*world) {},
		func(w *world) {
			w.denied()
			w.route.Destination.Consent.Denied = resource.Restrict
			w.provider.built.ReliesOn = 0
		},
		func(w *world) { w.silent(); w.event.Location.Country = "US" },
	} {
		w := newWorld()
		tables := newCompiled()
		spoil(w)
		tables.destination.Consent = w.route.Destination.Consent
		tables.destination.Consent.Policy = resource.DefaultPolicy
		w.view.set = tables.set()
		r := w.evaluate()
		require.Equal(t, decision.Eligible, r.Reason)
		require.True(t, gate.Recheck(&r.Facts, w.view, now).OK())
	}
}
