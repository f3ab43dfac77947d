package microsoftoffline_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/microsoftoffline"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

var answers = []providertest.Answer{
	{Name: "applied", N: 2, Status: 200, Body: `{"PartialErrors":[]}`, Class: provider.Accepted},
	{Name: "applied, null", N: 2, Status: 200, Body: `{"PartialErrors":null}`, Class: provider.Accepted},
	{Name: "nulls in the list", N: 2, Status: 200, Body: `{"PartialErrors":[null]}`, Class: provider.Accepted},
	{Name: "no list", N: 2, Status: 200, Body: `{}`, Class: provider.UnknownOutcome},
	{
		Name: "each by its code", N: 5, Status: 200, Class: provider.Invalid, RestDelivered: true,
		Body:         `{"PartialErrors":[{"Code":5604,"ErrorCode":"x","Index":0},{"Code":5615,"ErrorCode":"x","Index":1},{"Code":5606,"ErrorCode":"x","Index":2},{"Code":5612,"ErrorCode":"x","Index":4}]}`,
		Faults:       []int{0, 1, 2, 4},
		FaultClasses: []provider.Class{provider.Invalid, provider.Transient, provider.Configuration, provider.Transient},
	},
	{Name: "one goal of one item", N: 1, Status: 200, Body: `{"PartialErrors":[{"Code":5606,"ErrorCode":"x","Index":0}]}`, Class: provider.Invalid, Faults: []int{0}, FaultClasses: []provider.Class{provider.Configuration}, RestDelivered: true},
	{Name: "two items of a young goal", N: 2, Status: 200, Body: `{"PartialErrors":[{"Code":5615,"Index":0},{"Code":5615,"Index":1}]}`, Class: provider.Invalid, Faults: []int{0, 1}, FaultClasses: []provider.Class{provider.Transient, provider.Transient}, RestDelivered: true},
	{Name: "the service behind fails", N: 2, Status: 200, Body: `{"PartialErrors":[{"Code":5612,"Index":0},{"Code":5612,"Index":1}]}`, Class: provider.Transient},
	{Name: "not enabled", N: 2, Status: 200, Body: `{"PartialErrors":[{"Code":5613,"Index":0},{"Code":5613,"Index":1}]}`, Class: provider.Configuration},
	{Name: "a code of tomorrow", N: 2, Status: 200, Body: `{"PartialErrors":[{"Code":5999,"Index":1}]}`, Class: provider.Invalid, Faults: []int{1}, RestDelivered: true},
	{Name: "an index outside the request", N: 2, Status: 200, Body: `{"PartialErrors":[{"Code":5604,"Index":2}]}`, Class: provider.Invalid},
	{Name: "no index", N: 2, Status: 200, Body: `{"PartialErrors":[{"Code":5604}]}`, Class: provider.Invalid},
	{Name: "no index of one", N: 1, Status: 200, Body: `{"PartialErrors":[{"Code":5604}]}`, Class: provider.Invalid, Faults: []int{0}, RestDelivered: true},
	{Name: "a fault under 200", N: 2, Status: 200, Body: `{"Type":"AdApiFaultDetail","Errors":[{"Code":105,"ErrorCode":"InvalidCredentials"}]}`, Class: provider.Credentials},
	{Name: "batch errors of a fault", N: 3, Status: 400, Body: `{"Type":"ApiFaultDetail","BatchErrors":[{"Code":5604,"Index":2}]}`, Class: provider.Invalid, Faults: []int{2}},
	{Name: "an internal error", N: 3, Status: 400, Body: `{"OperationErrors":[{"Code":0,"ErrorCode":"InternalError"}]}`, Class: provider.Transient},
	{Name: "an internal error of another status", N: 3, Status: 500, Body: `{"OperationErrors":[{"Code":0,"ErrorCode":"x"}]}`, Class: provider.Transient},
	{Name: "rate, of another status", N: 1, Status: 400, Body: `{"OperationErrors":[{"Code":117,"ErrorCode":"CallRateExceeded"}]}`, Class: provider.Throttled, WaitMS: 60_000},
	{Name: "rate, with a word of its own", N: 1, Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: `{"OperationErrors":[{"Code":117,"ErrorCode":"CallRateExceeded"}]}`, Class: provider.Throttled, WaitMS: 7_000},
	{Name: "too many items", N: 4, Status: 400, Body: `{"OperationErrors":[{"Code":5601,"ErrorCode":"x"}]}`, Class: provider.Invalid},
}

// I9: TestConformance holds the provider to what router and sender rely on, for
// conversions by click and by person, and for adjustments.
func TestConformance(t *testing.T) {
	t.Parallel()
	clicked := func(e *event.Event) { e.Click.Msclkid = raw(msclkid) }
	for name, f := range map[string]providertest.Fixture{
		"click":  {Mapping: resource.Mapping{ProviderEvent: "purchase"}, Change: clicked},
		"person": {Mapping: resource.Mapping{ProviderEvent: "purchase"}, ResendUnsafe: true},
		"adjustment": {Mapping: resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(adjust)}, Change: func(e *event.Event) {
			e.Original.Time = e.Time - hour
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.Account, f.Answers, f.NoProperties = json.RawMessage(account), answers, true
			f.Without = []string{"item_names", "item_brands", "item_categories", "coupons", "search_term", "page_title"}
			f.Invalid = []providertest.Invalid{
				{Name: "no account", Account: json.RawMessage(`{"customer_id":"77"}`), Path: "account.account_id"},
				{Name: "no customer", Account: json.RawMessage(`{"account_id":"99"}`), Path: "account.customer_id"},
				{Name: "the account's number", Account: json.RawMessage(`{"customer_id":"77","account_id":"F110007X"}`), Path: "account.account_id"},
				{Name: "no goal", Account: json.RawMessage(`{"customer_id":"77","account_id":"99","events":{"purchase":""}}`), Path: "account.events.purchase"},
				{Name: "a goal of control characters", Account: json.RawMessage(`{"customer_id":"77","account_id":"99","events":{"purchase":"a\u0007b"}}`), Path: "account.events.purchase"},
				{Name: "a section", Section: json.RawMessage(`{"x":1}`), Path: "microsoft-offline"},
			}
			providertest.Run(t, microsoftoffline.Provider{}, f)
		})
	}
}

func build(t *testing.T, in *provider.Input) provider.Built {
	t.Helper()
	built := provider.Build(nil, in)
	require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
	require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
	return built
}

// The payloads as a person reads them, and what is said beside them.
func TestGolden(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase")
	built := build(t, input(route, sale()))
	require.JSONEq(t, `{
		"MicrosoftClickId": "f894f652ea334e739002f7167ab8f8e3", "ConversionName": "Kauf – online",
		"ConversionTime": "2026-11-21T09:00:00Z", "ConversionValue": 142.52, "ConversionCurrencyCode": "USD"
	}`, string(built.Fragment))
	require.Equal(t, "1001", built.ClaimID)
	require.Equal(t, decision.DuplicateTransaction, built.DuplicateReason)
	require.False(t, built.ResendUnsafe, "click, name and time tell a repeat apart")
	require.True(t, built.ReliesOn.Has(consent.AdStorage))
	require.Equal(t, now-day+hour, built.NotBefore, "an hour after the click")
	require.Equal(t, now-day+90*day-hour, built.NotAfter, "90 days after the click")
	require.Equal(t, now-day, built.AgedSince)

	in := input(route, sale())
	in.Usable = consent.AdUserData
	built = build(t, in)
	require.JSONEq(t, `{
		"HashedEmailAddress": "`+digest("johnsmith@example.com")+`", "HashedPhoneNumber": "`+digest("+16505551212")+`", "ConversionName": "Kauf – online",
		"ConversionTime": "2026-11-21T09:00:00Z", "ConversionValue": 142.52, "ConversionCurrencyCode": "USD"
	}`, string(built.Fragment), "a click needs ad_storage")
	require.True(t, built.ResendUnsafe)
	require.Zero(t, built.NotBefore)
	require.False(t, built.ReliesOn.Has(consent.AdStorage))

	online := newRoute(t, "purchase", section(adjustTag))
	built = build(t, input(online, refund()))
	require.JSONEq(t, `{"TransactionId": "1001", "ConversionName": "Kauf – online", "AdjustmentType": "Retract", "AdjustmentTime": "2026-11-21T11:00:00Z"}`, string(built.Fragment))
	require.Equal(t, provider.Accepted, judge(t, online, built).Class)
}

func digest(s string) string {
	h := identity.Hash([]byte(s))
	return string(h.AppendHex(nil))
}

func TestAdjustments(t *testing.T) {
	t.Parallel()
	whole, part := newRoute(t, "purchase", section(adjust)), newRoute(t, "purchase", section(adjust), remaining)
	require.Equal(t, newRoute(t, "purchase").Key, whole.Key, "an adjustment finds the claim of its conversion by the same key")
	built := build(t, input(whole, refund()))
	require.True(t, built.Adjust)
	require.Equal(t, "1001", built.PlainClaimID)
	require.Equal(t, "1001\x00refund-1", built.ClaimID)
	require.Contains(t, string(built.Fragment), `"Retract"`)
	require.False(t, built.Value.Set)
	require.False(t, built.ResendUnsafe)

	l := ledger.New()
	s := strict(l)
	require.Equal(t, provider.Accepted, send(t, s, whole, build(t, input(newRoute(t, "purchase"), sale()))).Class)
	in := input(part, refund())
	in.Fields = number(29.9)
	restated := build(t, in)
	require.Contains(t, string(restated.Fragment), `"AdjustmentValue":29.9,"AdjustmentCurrencyCode":"USD"`)
	require.Equal(t, provider.Accepted, send(t, s, part, restated).Class)
	in = input(part, refund())
	in.Fields = number(0)
	nothing := build(t, in)
	require.Contains(t, string(nothing.Fragment), `"Retract"`, "nothing remains")
	require.NotContains(t, string(nothing.Fragment), "AdjustmentValue")
	require.Equal(t, provider.Accepted, send(t, s, part, nothing).Class)
	count := l.Count(s.Event("99", "Kauf – online", msclkid+"@2026-11-21T09:00:00Z"))
	require.Equal(t, ledger.Count{Accepted: 3, Adjustments: 2}, count, "the stand-in finds the conversion that is adjusted")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []option
		change  func(*provider.Input)
		want    decision.Reason
	}{
		"value without currency": {nil, func(in *provider.Input) { in.Event.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
		"a negative value":       {nil, func(in *provider.Input) { in.Event.Commerce.Value = event.Some(-1.0) }, decision.ProviderFieldInvalid},
		"nobody":                 {nil, func(in *provider.Input) { in.Event.Identity, in.Event.Click = event.Identity{}, event.Click{} }, decision.IdentifiersNone},
		"a click that is later": {nil, func(in *provider.Input) {
			in.Event.Identity, in.Event.Click.CapturedAt = event.Identity{}, in.Event.Time+2*hour
		}, decision.IdentifiersNone},
		"no original time":    {[]option{section(adjust)}, func(in *provider.Input) { in.Event.Original.Time = 0 }, decision.ProviderFieldInvalid},
		"a later original":    {[]option{section(adjust)}, func(in *provider.Input) { in.Event.Original.Time = now }, decision.ProviderFieldInvalid},
		"nothing computed":    {[]option{section(adjust), remaining}, func(*provider.Input) {}, decision.ProviderValueMissing},
		"a negative rest":     {[]option{section(adjust), remaining}, func(in *provider.Input) { in.Fields = number(-3) }, decision.ProviderFieldInvalid},
		"no transaction":      {[]option{section(adjust)}, func(in *provider.Input) { in.Event.Original.TransactionID, in.Event.Commerce.TransactionID = "", "" }, decision.ProviderTransactionIDMissing},
		"an unsafe original":  {[]option{section(adjustTag)}, func(in *provider.Input) { in.Event.Original.TransactionID = "jane@shop.example" }, decision.IdentifiersUnsafeID},
		"a placeholder":       {[]option{section(adjustTag)}, func(in *provider.Input) { in.Event.Original.TransactionID = "undefined" }, decision.ProviderFieldInvalid},
		"a control character": {[]option{section(adjustTag)}, func(in *provider.Input) { in.Event.Original.TransactionID = "a\x00b" }, decision.ProviderFieldInvalid},
	} {
		ev := sale()
		if len(c.options) > 0 {
			ev = refund()
		}
		in := input(newRoute(t, "purchase", c.options...), ev)
		c.change(in)
		built := provider.Build(nil, in)
		require.Contains(t, []decision.Reason{built.IdentifierReason, built.PreflightReason}, c.want, "%s: %s", name, built.Detail)
		require.Empty(t, built.Fragment, name)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	ev := sale()
	ev.Time, ev.Click.CapturedAt = now+30_000, 0
	built := build(t, input(newRoute(t, "purchase"), ev))
	require.Equal(t, ev.Time+hour, built.NotBefore, "nobody says when the click was: it was before the event")
	ev.Click = event.Click{}
	built = build(t, input(newRoute(t, "purchase"), ev))
	require.Equal(t, ev.Time, built.NotBefore, "Microsoft takes no future")
	require.Equal(t, ev.Time+90*day-hour, built.NotAfter)
	ev = sale()
	built = build(t, input(newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) { d.Delivery.MinClickAgeMS = 0 }), ev))
	require.Zero(t, built.NotBefore, "the destination knows better")
}

func TestMappingsAreChecked(t *testing.T) {
	t.Parallel()
	a, _ := microsoftoffline.Provider{}.Open(newRoute(t, "purchase").Destination)
	for path, m := range map[string]resource.Mapping{
		"spec.provider_event":           {ProviderEvent: "sign_up"},
		"properties":                    {ProviderEvent: "purchase", Properties: []string{"plan"}},
		"fields.colour":                 {ProviderEvent: "purchase", Fields: map[string]string{"colour": "'red'"}},
		"include":                       {ProviderEvent: "purchase", Include: map[string]bool{"coupons": true}},
		"spec.microsoft-offline.online": {ProviderEvent: "purchase", Section: json.RawMessage(`{"online":true}`)},
		"spec.microsoft-offline.x":      {ProviderEvent: "purchase", Section: json.RawMessage(`{"x":true}`)},
	} {
		_, problems := a.Map(&m)
		require.Len(t, problems, 1, path)
		require.Equal(t, path, problems[0].Path)
		require.False(t, problems[0].Warning, path)
	}
	row, ok := microsoftoffline.Provider{}.TemplateEvent("commerce", "transaction.refunded")
	require.True(t, ok)
	_, problems := a.Map(&row)
	require.Len(t, problems, 1, "a template does not say what remains")
	require.True(t, problems[0].Warning)
	row, _ = microsoftoffline.Provider{}.TemplateEvent("commerce", "lead.submitted")
	_, problems = a.Map(&row)
	require.Len(t, problems, 1, "no goal: the row is left out")
	require.True(t, problems[0].Warning)
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	p, at, s := microsoftoffline.Provider{}, endpoint(newRoute(t, "purchase")), strict(ledger.New())
	first, err := p.Authorize(t.Context(), exchange{s}, at, raw(secret))
	require.NoError(t, err)
	require.Equal(t, now+hour-60_000, first.Expires)
	probe, ok := at.Account.Probe(nil, at)
	require.True(t, ok)
	require.Equal(t, provider.Accepted, take(t, s, 0, probe, first.Header, now).Class)
	require.Equal(t, "109", take(t, s, 0, probe, first.Header, now+2*hour).Code, "the access token has ended")
	require.Equal(t, provider.Credentials, take(t, s, 0, probe, first.Header[:1], now).Class, "no developer token")

	var kept map[string]string
	require.True(t, first.OldStays, "a file that nobody can write is no alarm")
	require.NoError(t, json.Unmarshal([]byte(first.Renewed.Reveal()), &kept))
	require.NotEqual(t, "r1", kept["refresh_token"])
	require.Equal(t, "dev", kept["developer_token"])
	second, err := p.Authorize(t.Context(), exchange{s}, at, first.Renewed)
	require.NoError(t, err)
	require.False(t, second.Renewed.IsZero())
	_, err = p.Authorize(t.Context(), exchange{s}, at, raw(secret))
	var refused *microsoftoffline.AuthError
	require.ErrorAs(t, err, &refused, "the one before ends once its successor was used")
	require.Equal(t, provider.Credentials, refused.AnswerClass())
	require.Equal(t, "invalid_grant", refused.Code)
	for _, bad := range []string{``, `{}`, `"token"`, `{"access_token":"canary"}`, `{"client_id":"canary","refresh_token":"r"}`, `{"client_id":"a","refresh_token":"r","developer_token":"canary b"}`} {
		_, err := p.Authorize(t.Context(), exchange{s}, at, raw(bad))
		require.ErrorContains(t, err, "developer_token", bad)
		require.NotContains(t, err.Error(), "canary")
	}
	_, err = p.Trial(nil, provider.TrialOptions{})
	require.ErrorContains(t, err, "no call that only checks")
}

// Of a batch in which items are refused, the others are applied and the faults say
// what becomes of each.
func TestPartialErrors(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase")
	route.Destination.Account = json.RawMessage(`{"customer_id":"77","account_id":"99","events":{"purchase":"Kauf – online","new":"New","gone":"Gone"}}`)
	a, problems := microsoftoffline.Provider{}.Open(route.Destination)
	require.Empty(t, problems)
	route.Account = a
	var all []provider.Built
	for _, name := range []string{"purchase", "new", "gone", "purchase"} {
		target, problems := a.Map(&resource.Mapping{ProviderEvent: name})
		require.Empty(t, problems)
		one := *route
		one.Target = target
		all = append(all, build(t, input(&one, sale())))
	}
	l := ledger.New()
	got := send(t, strict(l), route, all...)
	require.Equal(t, provider.Invalid, got.Class)
	require.True(t, got.RestDelivered)
	require.Len(t, got.Faults, 2)
	require.Equal(t, provider.Transient, got.Faults[0].Means())
	require.Equal(t, 2*hour, got.Faults[0].WaitMS)
	require.Equal(t, provider.Configuration, got.Faults[1].Means())
	require.Equal(t, 1, l.Totals().Accepted, "twice the same")
	unnamed := microsoftoffline.Provider{}.Classify(2, &provider.Response{Status: 200, Body: []byte(`{"PartialErrors":[{"Code":5604}]}`), Now: now})
	require.True(t, unnamed.SomeDelivered, "an error names no item: the other may be applied")
}

// Whatever an event has, the strict stand-in takes what Build lets through.
func TestTheSandboxTakesWhatIsEligible(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]option{
		"conversion": nil, "adjustment": {section(adjust), remaining}, "online": {section(adjustTag)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, "purchase", options...)
			group := ""
			n := 0
			providertest.Eligible(t, 2_000, now, 0.02, func(e *event.Event) *provider.Input {
				n++
				if n%2 == 0 {
					e.Click.Msclkid = raw(msclkid)
				}
				e.Original.Time = e.Time - int64(n%7)*hour
				in := input(route, e)
				if len(options) == 2 {
					in.Fields = number(float64(n % 3))
				}
				group = provider.Build(nil, in).Group
				return in
			}, func(fragment []byte) provider.Answer {
				return judge(t, route, provider.Built{Fragment: fragment, Group: group})
			})
		})
	}
}
