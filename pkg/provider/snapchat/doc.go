// Package snapchat sends conversions to Snapchat's Conversions API v3.
//
// Where to look:
//
//	build.go              the event as it leaves, for pixels and apps
//	user.go, normalise.go which identifiers leave, in which form, and gate 6
//	custom.go             amounts, items, computed fields, properties
//	mapping.go, names.go  what a mapping may say, Snapchat's event names
//	destination.go        account and section
//	request.go            requests, their token, checking without storing
//	classify.go           what an answer means
//
// The token stands in the URL's query: Snapchat documents nothing else for
// production. It never stands in Request.URL, only in Authorization.Query.
package snapchat
