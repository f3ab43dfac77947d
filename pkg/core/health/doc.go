// Package health says how destinations are doing, from the diagnostics: how
// well events can be matched, how many of the expected ones arrive, how fast,
// what fails, what waits, and what of it needs a person. An Observer takes
// decisions one after the other and keeps counts per destination and span of
// time, never the decisions themselves. Time comes in with what it is told.
package health
