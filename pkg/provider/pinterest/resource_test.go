package pinterest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// problemsOf maps what a mapping says.
func problemsOf(t *testing.T, change func(*resource.Mapping)) []resource.Problem {
	t.Helper()
	m := &resource.Mapping{Name: "acme-web", SourceEvent: "transaction.purchase", ProviderEvent: "checkout", Enabled: true}
	change(m)
	_, problems := newRoute(t, "checkout").Account.Map(m)
	return problems
}

func TestMappings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*resource.Mapping)
		path    string // empty: no problem
		warning bool
	}{
		"a known event":     {func(m *resource.Mapping) { m.ProviderEvent = "page_visit" }, "", false},
		"one of its own":    {func(m *resource.Mapping) { m.ProviderEvent = "quiz-finished" }, "", false},
		"as the tag writes": {func(m *resource.Mapping) { m.ProviderEvent = "AddToCart" }, "provider_event", false},
		"in capitals":       {func(m *resource.Mapping) { m.ProviderEvent = "CHECKOUT" }, "provider_event", false},
		"nearly known":      {func(m *resource.Mapping) { m.ProviderEvent = "chekout" }, "provider_event", true},
		"a space":           {func(m *resource.Mapping) { m.ProviderEvent = "check out" }, "provider_event", false},
		"personal":          {func(m *resource.Mapping) { m.ProviderEvent = "4111111111111111" }, "provider_event", false},
		"no event":          {func(m *resource.Mapping) { m.ProviderEvent = resource.NoEvent }, "provider_event", false},
		"a refund":          {func(m *resource.Mapping) { m.SourceEvent = "transaction.refunded" }, "provider_event", true},
		"a field":           {func(m *resource.Mapping) { m.Fields = map[string]string{"content_brand": "1"} }, "", false},
		"another field":     {func(m *resource.Mapping) { m.Fields = map[string]string{"np": "1"} }, "fields.np", false},
		"a property":        {func(m *resource.Mapping) { m.Properties = []string{"plan"} }, "properties", false},
		"a URL mode":        {func(m *resource.Mapping) { m.URL = "whole" }, "url", false},
		"a click id":        {func(m *resource.Mapping) { m.URLParameters = []string{"epik"} }, "url_parameters", false},
		"a section":         {func(m *resource.Mapping) { m.Section = json.RawMessage(`{"x":1}`) }, "pinterest", false},
	} {
		problems := problemsOf(t, c.change)
		if c.path == "" {
			require.Empty(t, problems, name)
			continue
		}
		require.Len(t, problems, 1, name)
		require.Equal(t, c.path, problems[0].Path, name)
		require.Equal(t, c.warning, problems[0].Warning, name)
		require.NotEmpty(t, problems[0].Fix, name)
	}
}

// Every row of the template can be mapped.
func TestTheTemplateIsValid(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"transaction.purchase": "checkout", "cart.added": "add_to_cart", "product.viewed": "view_content", "checkout.started": "initiate_checkout",
		"payment_info.added": "add_payment_info", "user.signed_up": "signup", "lead.submitted": "lead", "transaction.refunded": resource.NoEvent,
	} {
		m, ok := newProvider().TemplateEvent("commerce", source)
		require.True(t, ok, source)
		require.Equal(t, want, m.ProviderEvent, source)
		_, problems := newRoute(t, "checkout").Account.Map(&m)
		require.Empty(t, problems, source)
	}
}

// A test event is checked and not recorded, unless it is to be real.
func TestTrials(t *testing.T) {
	t.Parallel()
	d := newRoute(t, "checkout").Destination
	trial, err := newProvider().Trial(d, provider.TrialOptions{})
	require.NoError(t, err)
	require.True(t, trial.ValidateOnly)
	require.False(t, trial.Stored)
	trial, err = newProvider().Trial(d, provider.TrialOptions{Real: true})
	require.NoError(t, err)
	require.False(t, trial.ValidateOnly)
	require.True(t, trial.Stored)
	_, err = newProvider().Trial(d, provider.TrialOptions{Code: "x"})
	var refused *provider.TrialError
	require.ErrorAs(t, err, &refused)
}
