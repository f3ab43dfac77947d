// Package google sends events to Google's Data Manager API: conversions of
// Google Ads accounts and events of Google Analytics properties.
//
// One event becomes one JSON object (Build), objects of one conversion action
// become one request (Assemble), and the answer becomes one class (Classify).
// A 200 means received and nothing more: what became of the events is asked
// later (StatusRequest, ParseStatus, ClassifyVerdict).
//
// Reading guide: build.go joins everything; normalise.go, phone.go and name.go
// hold Google's rules for identifiers; ids.go says which id counts a
// conversion once; preflight.go holds gate 7; error_reasons.go and
// verdict_reasons.go are the tables behind the docs.
//
// The rules follow the protos of google/ads/datamanager/v1 (August 2026), its
// guides, and, where Google's own libraries disagree, the Node one. No live
// call was possible when this was written; docs/providers/google.md says what
// is not verified.
package google
