// Package tiktok sends conversions to TikTok's Events API 2.0
// (/open_api/v1.3/event/track/ of the Business API).
//
// Where to look:
//
//	build.go              the event as it leaves, for each kind of event source
//	user.go, normalise.go which identifiers leave, in which form, and gate 6
//	properties.go         amounts, items, computed fields, properties
//	mapping.go, names.go  what a mapping may say, TikTok's event names
//	destination.go        account and section
//	request.go            requests and their token
//	classify.go, errors.go  what an answer means
//
// TikTok answers refusals under HTTP status 200: the code in the body decides.
// One bad event is taken to refuse its whole request, so Build is strict.
package tiktok
