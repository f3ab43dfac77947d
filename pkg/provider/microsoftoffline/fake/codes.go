package fake

// The codes that the stand-in refuses with (Microsoft Advertising, API operation
// error codes).
const (
	codeInternal          = 0
	codeCredentials       = 105
	codeNotAuthorized     = 106
	codeExpired           = 109
	codeRate              = 117
	codeEmpty             = 5600
	codeLimit             = 5601
	codeNull              = 5602
	codeClickMissing      = 5603
	codeClickInvalid      = 5604
	codeNameMissing       = 5605
	codeNameInvalid       = 5606
	codeTimeMissing       = 5608
	codeTimeOut           = 5609
	codeValue             = 5610
	codeCurrency          = 5611
	codePilot             = 5613
	codeFuture            = 5614
	codeYoung             = 5615
	codeAdjustmentType    = 5618
	codeAdjustmentMissing = 5619
	codeAdjustmentEarly   = 5620
	codeAdjustmentFuture  = 5622
	codeAdjustmentOut     = 5623
	codeAdjustmentValue   = 5624
	codeAdjustmentNoValue = 5625
	codeCurrencyAlone     = 5626
	codeNoAdjustments     = 5627
)

var names = map[int]string{
	codeInternal: "InternalError", codeCredentials: "InvalidCredentials", codeNotAuthorized: "UserIsNotAuthorized",
	codeExpired: "AuthenticationTokenExpired", codeRate: "CallRateExceeded", codeEmpty: "OfflineConversionsNullOrEmpty",
	codeLimit: "OfflineConversionsLimitExceeded", codeNull: "OfflineConversionIsNull",
	codeClickMissing: "OfflineConversionMicrosoftClickIdNullOrEmpty", codeClickInvalid: "OfflineConversionMicrosoftClickIdInvalid",
	codeNameMissing: "OfflineConversionNameNullOrEmpty", codeNameInvalid: "OfflineConversionNameInvalid",
	codeTimeMissing: "OfflineConversionTimeNullOrEmpty", codeTimeOut: "OfflineConversionTimeOutOfWindow",
	codeValue: "OfflineConversionValueInvalid", codeCurrency: "OfflineConversionCurrencyCodeInvalid",
	codePilot: "OfflineConversionPilotNotEnabledForCustomer", codeFuture: "FutureConversionTimeCannotBeSet",
	codeYoung: "OfflineConversionNotAcceptedForGoal", codeAdjustmentType: "OfflineConversionInvalidAdjustmentType",
	codeAdjustmentMissing: "OfflineConversionAdjustmentTimeNullOrEmpty",
	codeAdjustmentEarly:   "OfflineConversionAdjustmentTimeEarlierThanConversionTime",
	codeAdjustmentFuture:  "OfflineConversionFutureAdjustmentTimeCannotBeSet",
	codeAdjustmentOut:     "OfflineConversionAdjustmentTimeOutOfWindow",
	codeAdjustmentValue:   "OfflineConversionAdjustmentValueNotExpected",
	codeAdjustmentNoValue: "OfflineConversionAdjustmentValueRequired",
	codeCurrencyAlone:     "OfflineConversionCurrencyValueRequired",
	codeNoAdjustments:     "OfflineConversionRestateRetractNotSupported",
}
