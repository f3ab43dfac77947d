// Package microsoft speaks Microsoft Advertising's UET Conversions API: events of
// a tag, with a token of the tag. Offline conversions of the same advertiser are
// another API with other hosts, credentials and answers: package
// microsoftoffline.
//
// Where to look:
//
//	microsoft.go  limits and what the provider declares
//	account.go    account and mappings
//	build.go      the event: what is sent and in which form
//	request.go    request, credentials, probe
//	classify.go   what an answer means
package microsoft
