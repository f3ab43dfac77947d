package google

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// section reads one JSON object of a resource strictly: every key is asked
// for, what nobody asked for is refused, and every problem has its path.
type section struct {
	path    string
	members map[string]json.RawMessage
	asked   []string
	report  *[]resource.Problem
}

// readSection reads raw; absent and null are an empty object.
func readSection(raw json.RawMessage, path string, report *[]resource.Problem) *section {
	s := &section{path: path, report: report}
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		return s
	}
	if err := json.Unmarshal(raw, &s.members); err != nil {
		s.problem("", "must be a set of keys and values", string(raw), "")
	}
	return s
}

func (s *section) problem(key, rule, value, fix string) {
	path := s.path
	if key != "" {
		path += "." + key
	}
	const most = 60
	if len(value) > most {
		value = value[:most] + "..."
	}
	*s.report = append(*s.report, resource.Problem{Path: path, Rule: rule, Value: value, Fix: fix})
}

func (s *section) get(key string) (json.RawMessage, bool) {
	s.asked = append(s.asked, key)
	raw, ok := s.members[key]
	return raw, ok && string(raw) != "null"
}

// has reports whether the key stands there, without asking for it.
func (s *section) has(key string) bool {
	raw, ok := s.members[key]
	return ok && string(raw) != "null"
}

// text reads a string; a whole number is taken as its digits, because YAML
// reads an id without quotes as one.
func (s *section) text(key string) string {
	raw, ok := s.get(key)
	if !ok {
		return ""
	}
	var v string
	if json.Unmarshal(raw, &v) == nil {
		return strings.TrimSpace(v)
	}
	if n := string(raw); isDigits(n) {
		return n
	}
	s.problem(key, "must be a string", string(raw), "put it in quotes")
	return ""
}

// id reads a number that Google assigned, written without hyphens.
func (s *section) id(key, rule string, digits int, fix string) string {
	v := s.text(key)
	if v == "" || isDigits(v) && (digits == 0 || len(v) == digits) && v[0] != '0' {
		return v
	}
	if bare := strings.NewReplacer("-", "", " ", "").Replace(v); bare != v && isDigits(bare) {
		fix = "write " + bare
	}
	s.problem(key, rule, v, fix)
	return ""
}

func (s *section) word(key string, words ...string) string {
	v := s.text(key)
	if v == "" {
		return words[0]
	}
	if !slices.Contains(words, v) {
		s.problem(key, "must be "+strings.Join(words, " or "), v, "use "+words[0])
		return words[0]
	}
	return v
}

func (s *section) flag(key string) bool {
	raw, ok := s.get(key)
	if !ok {
		return false
	}
	var v bool
	if json.Unmarshal(raw, &v) != nil {
		s.problem(key, "must be true or false", string(raw), "")
	}
	return v
}

func (s *section) child(key string) *section {
	raw, _ := s.get(key)
	return readSection(raw, s.path+"."+key, s.report)
}

// keys lists what stands there, sorted.
func (s *section) keys() []string {
	keys := make([]string, 0, len(s.members))
	for k := range s.members {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// done refuses what nobody asked for.
func (s *section) done() {
	for _, key := range s.keys() {
		if !slices.Contains(s.asked, key) {
			s.problem(key, "is not a key of this section", "", "use "+strings.Join(s.asked, ", "))
		}
	}
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
