package google

import "github.com/sluicehq/sluice/pkg/provider"

// reasonClass is what a reason means for a request of conversions.
type reasonClass uint8

const (
	byStatus           reasonClass = iota // says nothing beyond the status
	classRetry                            // the same bytes again, later
	classThrottle                         // slow down, then the same bytes again
	classSplit                            // the request is too large
	classConfig                           // the destination, not the event
	classCredentials                      // the credentials, not the event
	classEvent                            // this event
	classStatusCall                       // only asking for a status gives it
	classNotApplicable                    // only methods that Sluice never calls give it
)

type reasonRow struct {
	name         string
	class        reasonClass
	meaning, fix string
}

// provider gives the class that the sender acts on. What says nothing is
// classified by its status; the row's own class is then the likeliest.
func (c reasonClass) provider() provider.Class {
	switch c {
	case classRetry:
		return provider.Transient
	case classThrottle:
		return provider.Throttled
	case classConfig:
		return provider.Configuration
	case classCredentials:
		return provider.Credentials
	}
	return provider.Invalid
}

// frontReasons come from Google's front ends, before the service sees the
// request (google/api/error_reason.proto), and have the domain googleapis.com.
var frontReasons = [...]reasonRow{
	{"SERVICE_DISABLED", classConfig, "The Data Manager API is off in the Cloud project.", "Enable the Data Manager API in the Cloud console, for the project of the service account or quota_project."},
	{"BILLING_DISABLED", classConfig, "Billing is off in the Cloud project.", "Turn on billing in the Cloud console."},
	{"CONSUMER_INVALID", classConfig, "The Cloud project does not exist.", "Correct google.quota_project."},
	{"CONSUMER_SUSPENDED", classConfig, "The Cloud project is suspended.", "Ask Google Cloud support."},
	{"USER_PROJECT_DENIED", classConfig, "The credentials may not use the quota project.", "Give them the role Service Usage Consumer in the project, or remove google.quota_project."},
	{"SERVICE_NOT_VISIBLE", classConfig, "The project cannot see the service.", "Enable the Data Manager API in the Cloud console."},
	{"ACCESS_TOKEN_SCOPE_INSUFFICIENT", classCredentials, "The token lacks the scope datamanager.", "Issue the refresh token with https://www.googleapis.com/auth/datamanager."},
	{"ACCESS_TOKEN_EXPIRED", classCredentials, "The token has expired.", ""},
	{"ACCESS_TOKEN_TYPE_UNSUPPORTED", classCredentials, "The token has the wrong type.", "Use a service account or an OAuth refresh token."},
	{"ACCOUNT_STATE_INVALID", classCredentials, "The account behind the credentials is deleted or disabled.", "Use another service account or user."},
	{"CREDENTIALS_MISSING", classCredentials, "The request had no credentials.", ""},
	{"API_KEY_INVALID", classCredentials, "API keys are not accepted.", "Use a service account or an OAuth refresh token."},
	{"RATE_LIMIT_EXCEEDED", classThrottle, "The Cloud project's quota is used up.", "Wait, or ask for a higher quota of the Data Manager API in the Cloud console."},
	{"RESOURCE_QUOTA_EXCEEDED", classThrottle, "A quota of the Cloud project is used up.", "Wait, or ask for a higher quota in the Cloud console."},
}

// tokenReasons are the error codes of the token endpoint (RFC 6749, 5.2).
var tokenReasons = [...]reasonRow{
	{"invalid_grant", classCredentials, "The refresh token was revoked or expired, or the assertion was refused.", "Issue a new refresh token or key; tokens of an OAuth app in testing end after seven days."},
	{"invalid_client", classCredentials, "The OAuth client is unknown or its secret wrong.", "Copy client id and secret from the Cloud console."},
	{"unauthorized_client", classCredentials, "The OAuth client may not use this grant.", "Use an OAuth client of type desktop or web."},
	{"invalid_scope", classCredentials, "The scope is not granted.", "Grant https://www.googleapis.com/auth/datamanager."},
	{"invalid_request", classCredentials, "The token request was refused.", "Check that the secret file is complete."},
	{"unsupported_grant_type", classCredentials, "The token endpoint does not know the grant.", "Check the token address of the installation."},
	{"access_denied", classCredentials, "Access was denied.", "Grant access again."},
	{"admin_policy_enforced", classCredentials, "A Workspace policy forbids the access.", "Ask the administrator to trust the OAuth client."},
}

// statusRow is one canonical status with its HTTP code.
type statusRow struct {
	name    string
	http    int
	class   provider.Class
	meaning string
}

// statuses classify whatever no reason does.
var statuses = [...]statusRow{
	{"INVALID_ARGUMENT", 400, provider.Invalid, "The request was refused."},
	{"FAILED_PRECONDITION", 400, provider.Configuration, "The account is not in the state that the request needs."},
	{"OUT_OF_RANGE", 400, provider.Invalid, "A value is out of range."},
	{"UNAUTHENTICATED", 401, provider.Credentials, "The token is missing, expired or not valid."},
	{"PERMISSION_DENIED", 403, provider.Credentials, "The credentials may not do this."},
	{"NOT_FOUND", 404, provider.Configuration, "The address or something in the account does not exist."},
	{"DEADLINE_EXCEEDED", 408, provider.Transient, "The request took too long."},
	{"ABORTED", 409, provider.Transient, "The request met another one."},
	{"ALREADY_EXISTS", 409, provider.Transient, "The request met another one."},
	{"TOO_LARGE", 413, provider.Invalid, "The body is too large."},
	{"RESOURCE_EXHAUSTED", 429, provider.Throttled, "The quota is used up."},
	{"CANCELLED", 499, provider.Transient, "The request was cancelled."},
	{"INTERNAL", 500, provider.Transient, "The service failed."},
	{"UNKNOWN", 500, provider.Transient, "The service failed."},
	{"DATA_LOSS", 500, provider.Transient, "The service failed."},
	{"UNIMPLEMENTED", 501, provider.Configuration, "The method does not exist."},
	{"UNAVAILABLE", 503, provider.Transient, "The service is not available."},
	{"DEADLINE_EXCEEDED", 504, provider.Transient, "The service took too long."},
}

// reasonNamed finds a reason in the three tables.
func reasonNamed(name string) (reasonRow, bool) {
	if name == "" {
		return reasonRow{}, false
	}
	for _, table := range [...][]reasonRow{errorReasons[:], frontReasons[:], tokenReasons[:]} {
		for i := range table {
			if table[i].name == name {
				return table[i], true
			}
		}
	}
	return reasonRow{}, false
}

// statusNamed finds a canonical status by its name, else by the HTTP code.
func statusNamed(name string, http int) (statusRow, bool) {
	for _, row := range statuses {
		if name != "" && row.name == name {
			return row, true
		}
	}
	for _, row := range statuses {
		if row.http == http {
			return row, true
		}
	}
	return statusRow{}, false
}

// errorRows prints every table for the docs.
func errorRows() []provider.ErrorRow {
	var rows []provider.ErrorRow
	for _, r := range statuses {
		rows = append(rows, provider.ErrorRow{Code: r.name, Meaning: r.meaning, Class: r.class})
	}
	for _, table := range [...][]reasonRow{frontReasons[:], tokenReasons[:], errorReasons[:]} {
		for _, r := range table {
			rows = append(rows, provider.ErrorRow{Code: r.name, Meaning: r.meaning, Class: r.class.provider(), Fix: r.fix})
		}
	}
	for _, r := range processingReasons {
		rows = append(rows, provider.ErrorRow{Code: r.name, Meaning: r.meaning, Class: r.class.provider(), Fix: r.fix})
	}
	for _, r := range fieldWarnings {
		rows = append(rows, provider.ErrorRow{Code: r.name, Meaning: r.meaning, Class: provider.AcceptedWithWarnings})
	}
	for _, r := range processingWarnings {
		rows = append(rows, provider.ErrorRow{Code: r.name, Meaning: r.meaning, Class: provider.AcceptedWithWarnings})
	}
	return rows
}
