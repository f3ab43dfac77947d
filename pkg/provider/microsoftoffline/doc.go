// Package microsoftoffline speaks the offline conversions of Microsoft Advertising
// (Campaign Management, REST): conversions of a click of the last 90 days or of a
// hashed address or phone number, and what is taken back of them. The UET
// Conversions API of the same advertiser is package microsoft.
//
// Where to look:
//
//	microsoftoffline.go  limits and what the provider declares
//	account.go           account and mappings
//	build.go             a conversion: what is sent and in which form
//	adjust.go            an adjustment of one
//	request.go           requests, probe, trials
//	token.go             OAuth with refresh tokens that change
//	classify.go          what an answer means
//	errors.go            the table of codes
package microsoftoffline
