package ga4

import (
	"slices"
	"strings"
)

// Limits of names and values, in characters.
const (
	maxEventName, maxParameterName, maxPropertyName = 40, 40, 24

	maxValue, maxPropertyValue, maxUserID = 100, 36, 256
	maxTitle, maxReferrer, maxLocation    = 300, 420, 1000
)

// Numbers of things in a request.
const (
	maxParameters, maxProperties, maxItems = 25, 25, 200
)

// reservedEvents are names that Google keeps for itself, appEvents those of them that
// an app's data stream may have.
var (
	reservedEvents = []string{
		"ad_activeview", "ad_click", "ad_exposure", "ad_query", "ad_reward", "adunit_exposure", "app_background", "app_clear_data", "app_exception",
		"app_install", "app_remove", "app_store_refund", "app_update", "app_upgrade", "dynamic_link_app_open", "dynamic_link_app_update",
		"dynamic_link_first_open", "error", "firebase_campaign", "first_open", "first_visit", "notification_dismiss", "notification_foreground",
		"notification_open", "notification_receive", "notification_send", "os_update", "session_start", "user_engagement",
	}
	appEvents        = []string{"ad_impression", "in_app_purchase", "screen_view"}
	reservedPrefixes = []string{"_", "firebase_", "ga_", "google_", "gtag."}

	// reservedProperties are user properties that Google sets.
	reservedProperties = []string{"first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id", "first_open_after_install"}
)

// plainName reports a letter, then letters, digits and _, at most so many, with none
// of Google's prefixes.
func plainName(s string, most int) bool {
	if s == "" || len(s) > most || slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(s, p) }) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// eventName reports a name that an event may have.
func eventName(s string, app bool) bool {
	return plainName(s, maxEventName) && !slices.Contains(reservedEvents, s) && (app || !slices.Contains(appEvents, s))
}

// propertyName reports a name that a user property may have.
func propertyName(s string) bool {
	return plainName(s, maxPropertyName) && !slices.Contains(reservedProperties, s)
}
