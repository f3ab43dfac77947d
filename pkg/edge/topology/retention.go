package topology

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

const (
	retention = "retention.ms"
	day       = 24 * time.Hour
	// maxRetention is ten years. Where personal data stands in clear, a topic is
	// no archive.
	maxRetention         = 3650 * day
	maxRetentionPersonal = 90 * day
)

// What sealing rests on; topics.yaml declares it, and a test holds the two
// together. A segment of the letters closes after a day.
const (
	// SealedLetters is how long dead letters of events may be kept where they are
	// sealed.
	SealedLetters = 7 * day
	// SubjectKeysKept is how long the keys of letters are kept.
	SubjectKeysKept = 30 * day
)

// RetentionProblem is one setting of how long a topic keeps its records that
// cannot be.
type RetentionProblem struct{ Name, Rule, Fix string }

// CheckRetention holds retentions, by the names that topics.yaml has, against
// what each topic is for.
func CheckRetention(set map[string]time.Duration) ([]RetentionProblem, error) {
	f, err := read()
	if err != nil {
		return nil, err
	}
	var problems []RetentionProblem
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if rule, fix := f.retentionProblem(name, set[name]); rule != "" {
			problems = append(problems, RetentionProblem{name, rule, fix})
		}
	}
	return problems, nil
}

func (f *file) retentionProblem(name string, keeps time.Duration) (rule, fix string) {
	i := slices.IndexFunc(f.Topics, func(e entry) bool { return e.Retention != "" && slices.Contains(e.names(), name) })
	if i < 0 {
		var known []string
		for _, e := range f.Topics {
			if e.Retention != "" {
				known = append(known, e.Name)
			}
			if e.Retention == "" && slices.Contains(e.names(), name) {
				return "is of a compacted topic, which keeps the last record of each key and nothing by age", "remove it"
			}
		}
		if near := document.Nearest(name, known); near != "" {
			return "must be a topic that keeps records for a time", "did you mean " + near + "?"
		}
		return "must be a topic that keeps records for a time", "write the name without prefix: " + document.OrList(known)
	}
	e := f.Topics[i]
	least, err := document.ParseMilliseconds(e.MinRetention)
	most := maxRetention
	if e.PersonalData {
		most = maxRetentionPersonal
	}
	switch {
	case err != nil: // a test reads every entry
		return err.Error(), "correct topology/topics.yaml"
	case keeps.Milliseconds() < least:
		return "must be at least " + e.MinRetention, "choose a longer time: " + e.Shortest
	case keeps > most:
		return "must be at most " + document.FormatMilliseconds(most.Milliseconds()), "archive for longer than that, as docs/operations.md says"
	}
	return "", ""
}

// names are those under which settings may know a topic: with {provider}, and
// for each one.
func (e entry) names() []string { return append(expand(e.Name, all.Names()), e.Name) }

// retain gives a topic the retention that is set: its own before that of its
// kind.
func (t *Topic) retain(e entry, name string, set map[string]time.Duration) {
	for _, key := range []string{name, e.Name} {
		if keeps, ok := set[key]; ok {
			t.Configs[retention] = strconv.FormatInt(keeps.Milliseconds(), 10)
			return
		}
	}
}

// longer says whether a cluster keeps records longer than a topic declares:
// shortening that deletes what somebody may have meant to keep.
func longer(has, want string) bool {
	h, err := strconv.ParseInt(has, 10, 64)
	w, err2 := strconv.ParseInt(want, 10, 64)
	return err == nil && err2 == nil && (h < 0 || h > w)
}

// stays tells of a longer retention that is left as it is.
func stays(has, want string) string {
	return fmt.Sprintf("the cluster keeps records for %s, longer than %s, and goes on (--shrink shortens it)", shownRetention(has), shownRetention(want))
}

func shownRetention(ms string) string {
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || n < 0 {
		return "ever"
	}
	return document.FormatMilliseconds(n)
}
