package meta

import (
	"strconv"
	"time"
)

// defaultVersion is sent where a destination names none.
const defaultVersion = "v25.0"

// versions are the Graph API's, with the day until which Meta says they live.
// An empty day: not announced. Source: Meta's changelog, September 2026.
var versions = [...]struct{ name, until string }{
	{"v20.0", "2026-09-24"}, {"v21.0", "2027-01-21"}, {"v22.0", "2027-05-20"}, {"v23.0", "2027-10-08"},
	{"v24.0", "2028-02-18"}, {"v25.0", "2028-07-29"}, {"v26.0", ""},
}

// expiryNotice is how long before its end a version is warned about.
const expiryNotice = 90 * 24 * time.Hour

// VersionUntil gives the day on which an API version ends; known is false for a
// version that this build has not heard of, and the zero time stands for an end
// that is not announced.
func VersionUntil(version string) (until time.Time, known bool) {
	for _, v := range versions {
		if v.name == version {
			if v.until == "" {
				return time.Time{}, true
			}
			t, err := time.Parse(time.DateOnly, v.until)
			return t, err == nil
		}
	}
	return time.Time{}, false
}

// VersionWarning says in words that an API version has ended or is about to,
// empty where nothing is wrong at that time.
func VersionWarning(version string, now time.Time) string {
	until, known := VersionUntil(version)
	switch {
	case !known:
		return "API version " + version + " is not one that this build knows"
	case until.IsZero() || now.Add(expiryNotice).Before(until):
		return ""
	case now.After(until):
		return "API version " + version + " ended on " + until.Format(time.DateOnly)
	default:
		days := int(until.Sub(now) / (24 * time.Hour))
		return "API version " + version + " ends on " + until.Format(time.DateOnly) + ", in " + strconv.Itoa(days) + " days"
	}
}

// Version implements provider.Versioned.
func (d *destination) Version() (name string, ends int64) {
	if until, known := VersionUntil(d.version); known && !until.IsZero() {
		ends = until.UnixMilli()
	}
	return d.version, ends
}

// validVersion accepts vNN.N.
func validVersion(s string) bool {
	if len(s) < 4 || s[0] != 'v' {
		return false
	}
	dot := 0
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '.':
			dot++
			if dot > 1 || i == 1 || i == len(s)-1 {
				return false
			}
		case !digit(s[i]):
			return false
		}
	}
	return dot == 1
}
