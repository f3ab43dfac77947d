package meta

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/provider"
)

// waiting reads how long Meta asks to wait and the highest usage that it
// reports, in percent, from the headers of an answer. Headers that cannot be
// read say nothing.
func waiting(r *provider.Response) (waitMS int64, usage float64) {
	if r.Header == nil {
		return 0, 0
	}
	waitMS = retryAfter(r.Header("Retry-After"), r.Now)
	var business map[string][]usageEntry
	if json.Unmarshal([]byte(r.Header("X-Business-Use-Case-Usage")), &business) == nil {
		for _, list := range business {
			for _, e := range list {
				usage = max(usage, e.highest())
				waitMS = max(waitMS, minutes(e.RegainMinutes))
			}
		}
	}
	var app usageEntry
	if json.Unmarshal([]byte(r.Header("X-App-Usage")), &app) == nil {
		usage = max(usage, app.highest())
		waitMS = max(waitMS, minutes(app.RegainMinutes))
	}
	var account struct {
		Percent float64 `json:"acc_id_util_pct"`
		Reset   float64 `json:"reset_time_duration"` // seconds
	}
	if json.Unmarshal([]byte(r.Header("X-Ad-Account-Usage")), &account) == nil {
		usage = max(usage, account.Percent)
		if account.Percent >= 100 {
			waitMS = max(waitMS, bounded(account.Reset*1000))
		}
	}
	return waitMS, usage
}

type usageEntry struct {
	Calls         float64 `json:"call_count"`
	CPU           float64 `json:"total_cputime"`
	Time          float64 `json:"total_time"`
	RegainMinutes float64 `json:"estimated_time_to_regain_access"`
}

func (e usageEntry) highest() float64 { return max(e.Calls, e.CPU, e.Time) }

func minutes(m float64) int64 { return bounded(m * 60_000) }

// bounded keeps a waiting time between nothing and a day: a mistake in a header
// must not stop a destination for longer.
func bounded(ms float64) int64 { return int64(min(max(ms, 0), float64(day))) }

// retryAfter reads seconds or a date.
func retryAfter(s string, now int64) int64 {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		return bounded(seconds * 1000)
	}
	for _, layout := range [...]string{"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, s); err == nil {
			return bounded(float64(t.UnixMilli() - now))
		}
	}
	return 0
}
