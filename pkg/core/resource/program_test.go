package resource_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// canary stands in every field of the test event that no message may show.
const canary = "canary@example.com"

func sampleEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: 1_700_000_000_000, ID: "e1",
		SubjectID: identity.NewRaw(canary),
		Page:      event.Page{URL: "https://shop.example/?u=" + canary},
		Device:    event.Device{IP: identity.NewRaw("192.0.2.1"), ScreenWidth: event.Some[int64](1280)},
		Identity:  event.Identity{Emails: []identity.Raw{identity.NewRaw(canary)}},
		Consent:   consent.Input{AgeGroup: consent.Text("adult")},
		Commerce: event.Commerce{
			TransactionID: "t1", Value: event.Some(100.0), Currency: "EUR", Coupons: []string{"A", "B"},
			Items: []event.Item{{ID: "i1", Quantity: event.Some[int64](2), Price: event.Some(10.5)}, {ID: "i2", Price: event.Some(1.0)}},
		},
		Properties: []event.Property{
			{Key: "plan", Value: event.Value{Kind: event.String, Str: "gold"}},
			{Key: "seats", Value: event.Value{Kind: event.Long, Long: 3}},
			{Key: "vip", Value: event.Value{Kind: event.Boolean, Bool: true}},
			{Key: "mail", Value: event.Value{Kind: event.String, Str: canary}},
			{Key: "nothing", Value: event.Value{}},
		},
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		`true`:                                                 true,
		`event.source == "web"`:                                true, // page.url stands in for the absent source
		`event.traffic == "live"`:                              true,
		`event.commerce.value > 50`:                            true,
		`event.commerce.value >= 100.0`:                        true,
		`event.commerce.currency in ["EUR"]`:                   true,
		`has(event.commerce.tax)`:                              false,
		`has(event.page.referrer)`:                             false,
		`has(event.original)`:                                  false,
		`has(event.commerce)`:                                  true,
		`has(event.properties.plan)`:                           true,
		`has(event.properties.nothing)`:                        false,
		`"plan" in event.properties`:                           true,
		`event.properties.plan == "gold"`:                      true,
		`event.properties["seats"] > 2`:                        true,
		`event.properties.vip`:                                 true,
		`event.properties.size() == 4`:                         true,
		`event.?commerce.?tax.orValue(0.0) < 1`:                true,
		`event.properties[?"x"].orValue("no") == "no"`:         true,
		`has_identity.email && !has_identity.phone`:            true,
		`event.has_identity.ip`:                                true,
		`event.commerce.items.exists(i, i.price > 10)`:         true,
		`event.commerce.items.all(i, has(i.quantity))`:         false,
		`event.commerce.items[1].id == "i2"`:                   true,
		`size(event.commerce.coupons) == 2`:                    true,
		`event.event_time < timestamp("2024-01-01T00:00:00Z")`: true,
		`event.event_time.getFullYear() == 2023`:               true,
		`event.device.screen_width == 1280`:                    true,
		`event.age_group == "adult"`:                           true,
		`event.event_name.startsWith("transaction.")`:          true,
		`event.page.url.matches("^https://shop\\.")`:           true,
		`event == event`:                                       true,
		`dyn(event).commerce.value == 100.0`:                   true,
		`event.commerce.items.map(i, i.price)[0] == 10.5`:      true,
		`event.customer_id.upperAscii() == "ACME"`:             true,
	} {
		p, problems := resource.CompileProgram(&resource.Mapping{When: source})
		require.Empty(t, problems, source)
		got, err := p.When(sampleEvent())
		require.NoError(t, err, source)
		require.Equal(t, want, got, source)
	}
}

// TestEvaluationErrors names the expression and the field and never a value.
func TestEvaluationErrors(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`event.commerce.tax > 1.0`:                     "evaluating when: event.commerce.tax is absent; use has() or orValue()",
		`event.original.event_id == "x"`:               "evaluating when: event.original.event_id is absent; use has() or orValue()",
		`event.commerce.items[0].brand == "x"`:         "evaluating when: item.brand is absent; use has() or orValue()",
		`event.properties.size == "x"`:                 "evaluating when: in event.properties.size: the key is absent; use has() or orValue()",
		`event.properties[event.properties.mail] == 1`: "evaluating when: in event.properties[event.properties.mail]: the key is absent; use has() or orValue()",
		`int(event.page.url) == 1`:                     "evaluating when: in int(event.page.url): a value cannot be converted",
		`event.properties.mail > 3`:                    "a value has the wrong type",
		`event.commerce.items[5].id == "x"`:            "the list has no such element",
		`1 / int(event.commerce.value - 100.0) == 1`:   "division by zero",
		`event.properties.plan`:                        "evaluating when: the result is not true or false",
		`[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, a+b+c+d+e+f > 0))))))`: "too expensive",
	} {
		p, problems := resource.CompileProgram(&resource.Mapping{When: source})
		require.Empty(t, problems, source)
		_, err := p.When(sampleEvent())
		var failed *resource.EvaluationError
		require.ErrorAs(t, err, &failed, source)
		require.Contains(t, err.Error(), want, source)
		require.NotContains(t, err.Error(), canary, source)
	}
}

// TestInvisible lists what no expression may read.
func TestInvisible(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		"event.identity", "event.click.gclid", "event.consent.ad_storage", "event.analytics.client_id", "event.subject_id",
		"event.device.ip", "event.device.user_agent", "event.device.advertising_id", "event.device.vendor_id", "event.device.install_id",
		"event.messaging.page_scoped_user_id", "event.origin", "subject_id", "item.id", "has_identity.emails",
		"event.identity.emails[0]",
	} {
		_, problems := resource.CompileProgram(&resource.Mapping{Fields: map[string]string{"x": source}})
		require.Len(t, problems, 1, source)
		require.Equal(t, "fields.x", problems[0].Path)
	}
	// Without types the same fields are absent, not readable.
	p, problems := resource.CompileProgram(&resource.Mapping{Fields: map[string]string{"x": "string(dyn(event).subject_id)"}})
	require.Empty(t, problems)
	_, err := p.Fields(nil, sampleEvent())
	require.Error(t, err)
	require.NotContains(t, err.Error(), canary)
}

func TestFieldsAndItems(t *testing.T) {
	t.Parallel()
	m := &resource.Mapping{
		Fields: map[string]string{
			"value": "event.commerce.value * 0.8", "content_type": "'product'", "num_items": "event.commerce.items.size()",
			"vip": "event.properties.vip", "free": "10",
		},
		ItemID: "'shopify_DE_' + item.id",
	}
	p, problems := resource.CompileProgram(m)
	require.Empty(t, problems)
	fields, err := p.Fields(nil, sampleEvent())
	require.NoError(t, err)
	require.Equal(t, []resource.Field{
		{Name: "content_type", Value: event.Value{Kind: event.String, Str: "product"}},
		{Name: "free", Value: event.Value{Kind: event.Long, Long: 10}},
		{Name: "num_items", Value: event.Value{Kind: event.Long, Long: 2}},
		{Name: "value", Value: event.Value{Kind: event.Double, Double: 80}},
		{Name: "vip", Value: event.Value{Kind: event.Boolean, Bool: true}},
	}, fields)
	ids, err := p.ItemIDs(nil, sampleEvent())
	require.NoError(t, err)
	require.Equal(t, []string{"shopify_DE_i1", "shopify_DE_i2"}, ids)

	_, err = p.ItemIDs(nil, &event.Event{Commerce: event.Commerce{Items: []event.Item{{}}}})
	require.EqualError(t, err, "evaluating item_id: item.id is absent; use has() or orValue()")

	var none *resource.Program
	holds, err := none.When(sampleEvent())
	require.NoError(t, err)
	require.True(t, holds)
	fields, err = none.Fields(nil, sampleEvent())
	require.NoError(t, err)
	require.Empty(t, fields)
}

func TestNotFiniteIsNoField(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"event.commerce.value / 0.0", "0.0 / 0.0", "dyn([1])", "dyn(null)", "dyn(event)"} {
		p, problems := resource.CompileProgram(&resource.Mapping{Fields: map[string]string{"x": source}})
		require.Empty(t, problems, source)
		_, err := p.Fields(nil, sampleEvent())
		require.ErrorContains(t, err, "evaluating fields.x: the result is not", source)
	}
}

// FuzzExpression: whatever compiles shows no data in a message and, on the
// largest event, keeps to the memory that its bounds leave it.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"event.source == 'web'", "event.properties['a'].b", "event.commerce.items.map(i, i.id).join(',')",
		"[1].map(x, x)", "event.?page.?url.orValue('')", "has_identity.email", "'%s'.format([event])", "dyn(event)[event]", "type(event) == type(1)",
		"{'a': event}.a.page.url", "cel.bind(x, 1, x)", "math.greatest(1, event.commerce.value)", "optional.of(event).page.url.value()",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		p, problems := resource.CompileProgram(&resource.Mapping{Fields: map[string]string{"x": source}, ItemID: source})
		if len(problems) > 0 {
			require.Nil(t, p)
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		defer func() {
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<30), source)
		}()
		for _, e := range []*event.Event{sampleEvent(), {}, bigEvent()} {
			if _, err := p.Fields(nil, e); err != nil {
				require.NotContains(t, err.Error(), canary)
			}
			if _, err := p.ItemIDs(nil, e); err != nil {
				require.NotContains(t, err.Error(), canary)
			}
		}
	})
}

func BenchmarkWhen(b *testing.B) {
	p, _ := resource.CompileProgram(&resource.Mapping{When: `event.source == "web" && event.commerce.value > 10`})
	e := sampleEvent()
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := p.When(e); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
