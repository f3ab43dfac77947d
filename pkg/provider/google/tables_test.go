package google_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// TestEveryReasonHasItsClass answers a batch of one with each reason of the
// table and looks whether the class printed in the docs is the one acted on.
func TestEveryReasonHasItsClass(t *testing.T) {
	p := newProvider()
	rows, verdicts := 0, 0
	for _, row := range p.Spec().Errors {
		if strings.HasPrefix(row.Code, "PROCESSING_ERROR") {
			verdicts++
			v := newProvider().ClassifyVerdict(row.Code, false)
			require.True(t, v.Known, row.Code)
			require.Equal(t, row.Class, v.Class, row.Code)
			continue
		}
		if strings.Contains(row.Code, "WARNING_REASON") {
			require.Equal(t, provider.AcceptedWithWarnings, row.Class)
			continue
		}
		rows++
		a := p.Classify(1, &provider.Response{Status: 400, Body: []byte(info(400, "INVALID_ARGUMENT", row.Code))})
		switch row.Class {
		case provider.Invalid:
			require.Equal(t, provider.Invalid, a.Class, row.Code)
		case provider.Configuration, provider.Credentials, provider.Throttled, provider.Transient:
			if row.Code == strings.ToUpper(row.Code) && !isStatus(row.Code) {
				require.Equal(t, row.Class, a.Class, row.Code)
				require.False(t, a.Unmapped, row.Code)
			}
		}
	}
	require.Equal(t, 47, verdicts)
	require.GreaterOrEqual(t, rows, 125)
}

func isStatus(code string) bool {
	const statuses = " INVALID_ARGUMENT FAILED_PRECONDITION OUT_OF_RANGE UNAUTHENTICATED ABORTED ALREADY_EXISTS TOO_LARGE CANCELLED INTERNAL UNKNOWN DATA_LOSS UNIMPLEMENTED UNAVAILABLE "
	return strings.Contains(statuses, " "+code+" ")
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		reason     string
		restricted bool
		want       decision.Reason
	}{
		{"PROCESSING_ERROR_REASON_DUPLICATE_TRANSACTION_ID", false, decision.VerdictConfirmed},
		{"PROCESSING_ERROR_REASON_CLICK_NOT_FOUND", false, decision.VerdictUnmatched},
		{"PROCESSING_ERROR_REASON_DENIED_CONSENT", false, decision.VerdictRefused},
		{"PROCESSING_ERROR_REASON_DENIED_CONSENT", true, decision.VerdictConsentDenied},
		{"PROCESSING_ERROR_REASON_TOO_RECENT_CLICK", false, decision.VerdictRefused},
		{"PROCESSING_ERROR_OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER", true, decision.VerdictRefused},
		{"BRAND_NEW", false, decision.VerdictRefused},
	}
	for _, tt := range tests {
		v := newProvider().ClassifyVerdict(tt.reason, tt.restricted)
		require.Equal(t, tt.want, v.Reason, tt.reason)
		require.NotEmpty(t, v.Meaning)
		require.Equal(t, tt.reason != "BRAND_NEW", v.Known)
	}
}

func TestMappings(t *testing.T) {
	compile := func(account string, m resource.Mapping) (resource.Target, []resource.Problem) {
		p := newProvider()
		d := &resource.Destination{ID: "acme-google", Account: json.RawMessage(account)}
		opened, problems := p.Open(d)
		require.Empty(t, problems)
		return opened.Map(&m)
	}
	const ads = `{"customer_id":"1234567890","conversion_actions":{"purchase":"1"}}`
	const analytics = `{"property_id":"5","measurement_id":"G-ABCDEF"}`
	value := map[string]string{"value": "1.0"}
	tests := []struct {
		name, account string
		m             resource.Mapping
		target, path  string // path "" means accepted
	}{
		{"by the destination", ads, resource.Mapping{ProviderEvent: "purchase"}, "1", ""},
		{"by the mapping", ads, resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"conversion_action":"2"}`)}, "2", ""},
		{"by the mapping, with a type", ads, resource.Mapping{ProviderEvent: "x", Section: json.RawMessage(`{"conversion_action":{"id":"2","type":"online"}}`)}, "2", ""},
		{"by neither", ads, resource.Mapping{ProviderEvent: "sign_up"}, "", "spec.google.conversion_action"},
		{"unknown key", ads, resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"action":"2"}`)}, "1", "spec.google.action"},
		{"hyphens", ads, resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"conversion_action":"12-3"}`)}, "1", "spec.google.conversion_action"},
		{"an adjustment", ads, resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"adjust":true}`), Fields: value}, "1", ""},
		{"an adjustment without a value", ads, resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"adjust":true}`)}, "1", "spec.fields.value"},
		{"an identifier as a field", ads, resource.Mapping{ProviderEvent: "purchase", Fields: map[string]string{"email": "'x'"}}, "1", "spec.fields.email"},
		{"a field that is no name", ads, resource.Mapping{ProviderEvent: "purchase", Fields: map[string]string{"a b": "1"}}, "1", "spec.fields.a b"},
		{"Analytics", analytics, resource.Mapping{ProviderEvent: "purchase"}, "purchase", ""},
		{"a reserved name", analytics, resource.Mapping{ProviderEvent: "ga_x"}, "ga_x", "spec.provider_event"},
		{"an action at Analytics", analytics, resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"conversion_action":"2"}`)}, "purchase", "spec.google.conversion_action"},
		{"an adjustment at Analytics", analytics, resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"adjust":true}`), Fields: value}, "purchase", "spec.google.adjust"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := compile(tt.account, tt.m)
			require.Equal(t, tt.target, got.Key())
			if tt.path == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, tt.path, problems[0].Path)
			require.False(t, problems[0].Warning)
			tt.m.FromTemplate = "commerce"
			_, problems = compile(tt.account, tt.m)
			for _, p := range problems {
				require.True(t, p.Warning, "a template's row is left out with a note")
			}
		})
	}
}

func TestCommerceTemplate(t *testing.T) {
	p := newProvider()
	want := map[string]string{
		"transaction.purchase": "purchase", "cart.added": "add_to_cart", "product.viewed": "view_item", "checkout.started": "begin_checkout",
		"payment_info.added": "add_payment_info", "user.signed_up": "sign_up", "lead.submitted": "generate_lead",
		"lead.qualified": "qualify_lead", "lead.converted": "close_convert_lead", "transaction.refunded": "refund",
	}
	for source, event := range want {
		m, ok := p.TemplateEvent("commerce", source)
		require.True(t, ok, source)
		require.Equal(t, event, m.ProviderEvent)
		require.Equal(t, "commerce", m.FromTemplate)
	}
	m, _ := p.TemplateEvent("commerce", "transaction.purchase")
	require.Equal(t, decision.LaneRealtime, m.Lane)
}

func TestHyphensComeWithTheFix(t *testing.T) {
	d := &resource.Destination{Account: json.RawMessage(`{"customer_id":"123-456-7890"}`)}
	_, problems := newProvider().Open(d)
	require.Len(t, problems, 1)
	require.Equal(t, "write 1234567890", problems[0].Fix)
}
