package microsoftoffline

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/provider"
)

// young is how long a goal takes no conversions after it was made, and rateWait
// how long Microsoft asks to wait after too many calls, milliseconds.
const (
	codeSplit, codeYoung, codeRate, codePilot = 5601, 5615, 117, 5613
	young, rateWait                           = 2 * hour, 60 * second
)

// code is one documented code (Microsoft Advertising, API operation error codes).
type code struct {
	number  int
	name    string
	class   provider.Class
	meaning string
	fix     string
}

const (
	fixEvent   = "Read the words on the dead letter, correct the producer or the mapping, then retry it."
	fixLogin   = "Authorise the application again as a user of the account, and put the refresh and developer token into the secret file."
	fixGoal    = "Compare account.events with Conversions > Conversion goals: the name has to be the same, of a goal of type offline."
	fixRequest = "Report it: Sluice builds the request."
)

var codes = [...]code{
	{0, "InternalError", provider.Transient, "Microsoft has a problem; Sluice tries again by itself", ""},
	{100, "NullRequest", provider.Configuration, "the request is empty", fixRequest},
	{105, "InvalidCredentials", provider.Credentials, "the access token or developer token is not valid", fixLogin},
	{106, "UserIsNotAuthorized", provider.Credentials, "the user may not use the account", fixLogin},
	{109, "AuthenticationTokenExpired", provider.Credentials, "the access token has ended", fixLogin},
	{codeRate, "CallRateExceeded", provider.Throttled, "too many calls; Sluice waits 60 seconds", ""},
	{5503, "CurrencyCodeNotSupported", provider.Invalid, "Microsoft does not support the currency", fixEvent},
	{5600, "OfflineConversionsNullOrEmpty", provider.Configuration, "the request has no conversions", fixRequest},
	{codeSplit, "OfflineConversionsLimitExceeded", provider.Invalid, "the request has too many conversions; it is halved until it fits", ""},
	{5602, "OfflineConversionIsNull", provider.Invalid, "the item is empty", fixRequest},
	{5603, "OfflineConversionMicrosoftClickIdNullOrEmpty", provider.Invalid, "the click id is missing", fixEvent},
	{5604, "OfflineConversionMicrosoftClickIdInvalid", provider.Invalid, "the click id is none of Microsoft's", fixEvent},
	{5605, "OfflineConversionNameNullOrEmpty", provider.Configuration, "the goal is not named", fixGoal},
	{5606, "OfflineConversionNameInvalid", provider.Configuration, "there is no such goal", fixGoal},
	{5607, "OfflineConversionTimeInvalid", provider.Invalid, "the conversion's time is not valid", fixEvent},
	{5608, "OfflineConversionTimeNullOrEmpty", provider.Invalid, "the conversion's time is missing", fixEvent},
	{5609, "OfflineConversionTimeOutOfWindow", provider.Invalid, "the conversion is too old", fixEvent},
	{5610, "OfflineConversionValueInvalid", provider.Invalid, "the value is not valid", fixEvent},
	{5611, "OfflineConversionCurrencyCodeInvalid", provider.Invalid, "the currency is not valid", fixEvent},
	{5612, "OfflineConversionsApplyFailed", provider.Transient, "a service behind Microsoft's failed; Sluice tries again by itself", ""},
	{codePilot, "OfflineConversionPilotNotEnabledForCustomer", provider.Configuration, "the customer may not use offline conversions", "Ask the account's manager at Microsoft Advertising to enable them."},
	{5614, "FutureConversionTimeCannotBeSet", provider.Invalid, "the conversion's time lies in the future", "Check the clock of the producer."},
	{codeYoung, "OfflineConversionNotAcceptedForGoal", provider.Transient, "the goal is younger than two hours; Sluice tries the item again after two", ""},
	{5616, "ConversionTimeEarlierThanClickTime", provider.Invalid, "the conversion is earlier than its click", fixEvent},
	{5617, "ClickIdDateTimeOutsideGoalConversionWindow", provider.Invalid, "the click is outside the goal's window", "Widen the goal's conversion window if later conversions are to count."},
	{5618, "OfflineConversionInvalidAdjustmentType", provider.Invalid, "the type of adjustment is not valid", fixRequest},
	{5619, "OfflineConversionAdjustmentTimeNullOrEmpty", provider.Invalid, "the adjustment's time is missing", fixEvent},
	{5620, "OfflineConversionAdjustmentTimeEarlierThanConversionTime", provider.Invalid, "the adjustment is earlier than its conversion", fixEvent},
	{5621, "OfflineConversionAdjustmentTimeInvalid", provider.Invalid, "the adjustment's time is not valid", fixEvent},
	{5622, "OfflineConversionFutureAdjustmentTimeCannotBeSet", provider.Invalid, "the adjustment's time lies in the future", "Check the clock of the producer."},
	{5623, "OfflineConversionAdjustmentTimeOutOfWindow", provider.Invalid, "the adjustment is too late", fixEvent},
	{5624, "OfflineConversionAdjustmentValueNotExpected", provider.Invalid, "a conversion that is retracted has no value", fixRequest},
	{5625, "OfflineConversionAdjustmentValueRequired", provider.Invalid, "a conversion that is restated needs a value", fixEvent},
	{5626, "OfflineConversionCurrencyValueRequired", provider.Invalid, "a currency needs a value", fixEvent},
	{5627, "OfflineConversionRestateRetractNotSupported", provider.Configuration, "the goal takes no adjustments", fixGoal},
}

// lookup finds a code's row.
func lookup(number int) (code, bool) {
	for i := range codes {
		if codes[i].number == number {
			return codes[i], true
		}
	}
	return code{number: number, class: provider.Invalid}, false
}

func errorRows() []provider.ErrorRow {
	rows := []provider.ErrorRow{
		{Code: "200", Meaning: "Microsoft applied every item that PartialErrors does not name", Class: provider.Accepted},
	}
	for _, c := range codes {
		rows = append(rows, provider.ErrorRow{Code: strconv.Itoa(c.number), Meaning: c.name + ": " + c.meaning, Class: c.class, Fix: c.fix})
	}
	return append(rows,
		provider.ErrorRow{Code: "HTTP 400", Meaning: "an item that cannot be read refuses the request without saying which; it is halved until it is found", Class: provider.Invalid, Fix: fixRequest},
		provider.ErrorRow{Code: "HTTP 401", Meaning: "the access token is not valid", Class: provider.Credentials, Fix: fixLogin},
		provider.ErrorRow{Code: "HTTP 413", Meaning: "the request is too large; it is halved until it fits", Class: provider.Invalid},
		provider.ErrorRow{Code: "HTTP 429", Meaning: "too many calls; Sluice waits as long as Retry-After says", Class: provider.Throttled},
		provider.ErrorRow{Code: "HTTP 500-599", Meaning: "Microsoft has a problem; Sluice tries again by itself", Class: provider.Transient},
	)
}
