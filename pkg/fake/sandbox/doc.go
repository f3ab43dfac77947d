// Package sandbox is strict stand-ins for Meta's Conversions API, Google's Data
// Manager API and a receiver of webhooks, usable in-process by tests and the demo, and on
// its own by any program that sends conversions.
//
// It imports nothing of the senders that it judges: both sides were written
// separately from the same notes on the providers' documents, sources and
// recorded behaviour. A slip in either code shows; an error in those notes would
// be shared by both.
//
// # What it refuses
//
// Both services refuse a whole request for one invalid event; nothing of it is
// stored then. The answers have the providers' own envelopes.
//
// Meta, POST /{version}/{dataset}/events (code/subcode):
//
//   - version not living on the sandbox's clock, or another path: 2500
//   - no token, or a token that is not registered: 190; dataset not a number:
//     803; dataset not registered or not this token's: 100/33
//   - appsecret_proof that does not verify: 100; missing though required: 104
//   - compressed body, other content type than JSON or a form, invalid JSON,
//     repeated members, unknown top-level members, no data, more than 1,000
//     events, numbers with an exponent, partner_agent of 23 characters or more or
//     with fewer than two letters: 100; body over 1 MiB: 413
//   - unknown keys of an event, of user_data, app_data or original_event_data:
//     100, "Unexpected key ... on param"
//   - missing event_name, event_time, action_source (AppendValue needs none),
//     event_source_url or client_user_agent of website events, app_data parts,
//     messaging ids: 100/2804019
//   - event_time older than 7 days (physical_store: 62): 100/2804003; more than
//     a minute ahead: 100/2804004; not an integer: 100
//   - customer information that is not SHA-256 in lower-case hex, with or
//     without the reference library's appendix: 100/2804016; an external_id may
//     be opaque, but not an e-mail address; hashed values in keys that must not
//     be hashed, lead_id and fb_login_id that are no integers: 100
//   - fbc or fbp of another form: 100/2804001; client_ip_address with port,
//     zone or spaces: 100; too little customer information: 100/2804050
//   - Purchase without value 100/2804009, without currency 100/2804010; value
//     with an unknown currency 100/2804023; contents without id or quantity
//     100/2804008; standard custom_data keys of another type: 100
//   - Limited Data Use without country, country without state, unknown state,
//     state 0 without client_ip_address: 100/2804030
//   - extinfo without 16 strings or of another version: 100; blank OS version:
//     100/2804043
//   - business messaging: 100/2804066, 2804069, 2804079, 2804087, 2804116,
//     2804132
//
// Google, POST /v1/events:ingest (every violation named with its path):
//
//   - no valid bearer token: 401; token of another scope, project or account not
//     registered: 403; per-project quota, where configured: 429
//   - unknown fields ("Cannot find field"), values of another type, int64 that
//     is no string, enumerations not by their exact name, times that are not
//     RFC 3339: 400 as from the JSON reader
//   - destinations: number, references, account types and ids, conversion
//     action id, type and login account where accounts are registered, terms
//   - events: number, timestamp, transactionId for WEBPAGE actions and for WEB
//     events of unknown actions, eventSource, identifiers, encoding, hashes (32
//     bytes in the declared encoding, not of the empty string), complete
//     addresses, currency, sessionAttributes, IP form, cart items, personal data
//     in custom variables, transaction ids over 64 characters
//   - Google Analytics: eventName, one of clientId and appInstanceId, at most 72
//     hours old, one destination
//
// POST /token takes service-account assertions (RS256, audience, scope, times)
// and refresh tokens. GET /v1/requestStatus:retrieve answers PROCESSING for 30
// minutes, then counts by reason: missing or denied consent, events over 90 days
// old, repeated clicks, and what ScriptVerdicts sets.
//
// A webhook's receiver, POST /webhook/{host}/{path}:
//
//   - 404 for an endpoint that is not registered, 405, 413, 415
//   - 401: webhook-id, webhook-timestamp (5 minutes) or webhook-signature
//   - 400: a webhook-id that came with another body before, a body that came
//     with another webhook-id before, JSON that is malformed, version, number
//     of events
//   - 422 with errors, an entry for every wrong event: unknown, missing, empty or
//     null members, values of another type or form, identifiers that are not
//     sorted SHA-256, e-mail addresses anywhere, ages, amounts without currency,
//     click ids in URLs or without ad_storage, consent that does not allow it
//
// # Open and closed
//
// Without registered accounts and credentials (Config, or a file for
// ReadAccounts) the sandbox takes any of them;
// webhooks must be signed with webhook.Key then. A
// conversion action that is not registered may be online or offline: eventSource
// is always required then, and transactionId for WEB events.
//
// # Duplicates
//
// An id that comes again at one destination and target is a duplicate. At
// Google, the same transaction with another time, value or currency is an
// adjustment instead. Events without an id are told apart by their content.
//
// # Not verified against the real services
//
// No live call was possible. Stricter than is known of the real ones, on
// purpose: unknown top-level members and compressed bodies at Meta; value as a
// string; null or empty members; the form of fbp; snake_case names and numeric
// int64 or enumerations at Google; events more than 5 minutes ahead at Google;
// e-mail addresses in transaction ids. Not known and chosen: the texts of nearly
// all errors and all titles but that of 2804003; the subcode of a missing
// website URL or user agent; HTTP status of throttles; what an expired Graph API
// version answers (the real one may upgrade it silently); body size limits;
// future tolerance; status code of an unknown requestId; paths in errors of the
// JSON reader. Not enforced, because nothing says what happens: lengths of
// names, ids and URLs, number of values per key, negative values, private IP
// addresses, age of fbc, IP addresses of people in the EEA. SHA-256 of nothing is
// taken by Meta and only counted (meta.Config.RefuseEmptyHash changes that).
package sandbox
