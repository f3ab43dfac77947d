package dedup

import "time"

// LongestWindow is how far back a rebuild of claims reads at least: the default
// window of a claim, which is longer than any queue.
const LongestWindow = 9 * 24 * time.Hour

// HistoryBefore is how far back a fold of the diagnostics has to read for records
// from a time on: what is a copy of something earlier was found so within a
// claim's life. The zero time is everything that is kept.
func HistoryBefore(since time.Time) time.Time {
	if since.IsZero() {
		return since
	}
	return since.Add(-LongestWindow - 24*time.Hour)
}
