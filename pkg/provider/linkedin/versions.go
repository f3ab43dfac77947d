package linkedin

import (
	"regexp"
	"strconv"
	"time"
)

// defaultVersion is sent where a destination names none: the newest whose page
// was read and dated (2026-08-25).
const defaultVersion = "202608"

// namesVersion brought hashed names and external ids.
const namesVersion = "202609"

var versionForm = regexp.MustCompile(`^20[2-9][0-9](0[1-9]|1[0-2])$`)

// expiryNotice is how long before its end a version is warned about.
const expiryNotice = 90 * 24 * time.Hour

// versionUntil gives the day on which a version ends. LinkedIn supports a version
// for at least one year and announces the day on its page of migrations; every
// one seen was the 15th to the 17th of the same month of the next year.
func versionUntil(version string) time.Time {
	month, err := time.Parse("200601", version)
	if err != nil {
		return time.Time{}
	}
	return month.AddDate(1, 0, 14)
}

// versionWarning says in words that a version has ended or is about to, or has
// not begun, empty where nothing is wrong at that time.
func versionWarning(version string, now time.Time) string {
	until := versionUntil(version)
	switch {
	case now.After(until):
		return "version " + version + " ended about " + until.Format(time.DateOnly)
	case now.Before(until.AddDate(-1, 0, -14)):
		return "version " + version + " has not begun"
	case now.Add(expiryNotice).Before(until):
		return ""
	}
	days := int(until.Sub(now) / (24 * time.Hour))
	return "version " + version + " ends about " + until.Format(time.DateOnly) + ", in " + strconv.Itoa(days) + " days"
}

// Version implements provider.Versioned.
func (a *account) Version() (name string, ends int64) {
	return a.version, versionUntil(a.version).UnixMilli()
}
