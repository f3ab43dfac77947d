package linkedin

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
)

// What an operator can do, where several rows say the same.
const (
	fixToken = "Campaign Manager, Signals Manager, the source of kind Direct API: generate a new token and replace the secret file. With OAuth: let a member consent again."
	fixRole  = "Campaign Manager, Account settings, Manage access: the member behind the token needs the role account manager, campaign manager, creative manager or billing admin; the token needs rw_conversions. VIEWER is not enough."
	fixRule  = "Campaign Manager, Signals Manager, Conversions: copy the id of a rule of this ad account whose source is the Conversions API into account.events."
	fixEvent = "Correct the field at the producer or in the mapping; the event is in the dead letters with LinkedIn's own words."
	fixWait  = "Nothing: Sluice waits. If it happens often, lower delivery.rate: LinkedIn takes 600 requests a minute and 500,000 a day."
	fixEnd   = "Set linkedin.api_version to a version that lives (learn.microsoft.com/linkedin/marketing/versioning), in shadow mode first."
)

// Subcodes of ours, where a text of LinkedIn's tells more than its code.
const (
	subTime   = "time"
	subMethod = "method"
	subRule   = "unknown_rule"
	subPath   = "/conversion"
)

// row is one row of the table of answers.
type row struct {
	code, subcode string
	class         provider.Class
	meaning, fix  string
	// text is a part of the message that gives the subcode, in lower case.
	text string
}

// answers is every answer that has a meaning here. A code is LinkedIn's
// serviceErrorCode, else its word, else the HTTP status.
var answers = [...]row{
	{code: "200", class: provider.Accepted, meaning: "every event of the request was taken: one element for each"},
	{code: "201", class: provider.Accepted, meaning: "the event was taken"},
	{code: "400", subcode: subTime, class: provider.Invalid, meaning: "an event is older than 90 days or lies in the future; the text names it", fix: fixEvent, text: "within 90 days"},
	{code: "400", subcode: subMethod, class: provider.Configuration, meaning: "a rule is not of the method Conversions API", fix: fixRule, text: "should be conversions_api"},
	{code: "VERSION_MISSING", class: provider.Configuration, meaning: "the header LinkedIn-Version is missing: something on the way removes it", fix: "See which proxy stands between the senders and api.linkedin.com."},
	{code: "NONEXISTENT_VERSION", class: provider.Configuration, meaning: "the version has ended or never was", fix: fixEnd},
	{code: "426", class: provider.Configuration, meaning: "the version has ended or never was", fix: fixEnd},
	{code: "401", class: provider.Credentials, meaning: "the token is not accepted", fix: fixToken},
	{code: "65600", class: provider.Credentials, meaning: "the access token is invalid", fix: fixToken},
	{code: "65601", class: provider.Credentials, meaning: "the access token was revoked", fix: fixToken},
	{code: "65602", class: provider.Credentials, meaning: "the access token has expired; one of OAuth lives 60 days", fix: fixToken},
	{code: "65604", class: provider.Credentials, meaning: "the request carried no access token", fix: fixToken},
	{code: "100", class: provider.Credentials, meaning: "access denied: a scope or the role on the ad account is missing", fix: fixRole},
	{code: "100", subcode: subRule, class: provider.Configuration, meaning: "a rule does not exist, or is another account's", fix: fixRule, text: "no ad accounts found"},
	{code: "403", class: provider.Credentials, meaning: "access denied: a scope or the role on the ad account is missing", fix: fixRole},
	{code: "403", subcode: subRule, class: provider.Configuration, meaning: "a rule does not exist, or is another account's", fix: fixRule, text: "no ad accounts found"},
	{code: "404", class: provider.Configuration, meaning: "the path or the rule is unknown", fix: fixRule},
	{code: "405", class: provider.Configuration, meaning: "the method is not allowed there", fix: "Correct sender.providers.linkedin.base_url."},
	{code: "413", class: provider.Invalid, meaning: "the request is too large; it is halved until it fits", fix: fixEvent},
	{code: "415", class: provider.Configuration, meaning: "the form of the request is not taken", fix: "Correct sender.providers.linkedin.base_url."},
	{code: "422", class: provider.Invalid, meaning: "a member is missing, unknown or of another form; the text names the event and the member", fix: fixEvent},
	{code: "422", subcode: subPath, class: provider.Configuration, meaning: "the number of a rule is none", fix: fixRule},
	{code: "429", class: provider.Throttled, meaning: "the limit of the member or application for a minute or day is reached", fix: fixWait},
	{code: "500", class: provider.Transient, meaning: "internal error at LinkedIn"},
	{code: "502", class: provider.Transient, meaning: "a gateway at LinkedIn has no answer"},
	{code: "503", class: provider.Transient, meaning: "LinkedIn is not available"},
	{code: "504", class: provider.Transient, meaning: "a gateway at LinkedIn waited too long"},
	{code: codeRuleOff, class: provider.Configuration, meaning: "asked about, the rule is not enabled", fix: "Campaign Manager, Signals Manager, Conversions: enable the rule."},
	{code: codeRuleMethod, class: provider.Configuration, meaning: "asked about, the rule is not of the method Conversions API", fix: fixRule},
}

// Codes of ours for what the answer about a rule says; see Probe.
const (
	codeRuleOff    = "rule_disabled"
	codeRuleMethod = "rule_method"
)

// find gives the row of an answer by its code and text; a row of a text before
// that of the code alone.
func find(code, message string) (row, bool) {
	var best row
	found := false
	lower := strings.ToLower(message)
	for i := range answers {
		r := &answers[i]
		switch {
		case r.code != code || r.subcode == subPath || r.code == codeRuleOff || r.code == codeRuleMethod:
		case r.text == "":
			if !found {
				best, found = *r, true
			}
		case strings.Contains(lower, r.text):
			return *r, true
		}
	}
	return best, found
}

// errorRows lists the answers for the documentation.
func errorRows() []provider.ErrorRow {
	rows := make([]provider.ErrorRow, 0, len(answers))
	for _, a := range answers {
		rows = append(rows, provider.ErrorRow{Code: a.code, Subcode: a.subcode, Meaning: a.meaning, Class: a.class, Fix: a.fix})
	}
	return rows
}
