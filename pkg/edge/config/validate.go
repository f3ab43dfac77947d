package config

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// validate checks every setting against its tags, then what concerns several
// settings at once.
func (l *loader) validate() Problems {
	v := &validator{whence: l.whence}
	for _, f := range fields(&l.config) {
		v.field(f)
	}
	for name := range l.config.Sender.Providers {
		if !nameForm.MatchString(name) {
			v.add("sender.providers."+name, "must be the name of a provider", name, "use lower-case letters, digits and -")
		}
	}
	v.together(l.config)
	return v.problems
}

type validator struct {
	whence   func(path string) string
	problems Problems
}

func (v *validator) add(path, rule, value, fix string) {
	v.problems = append(v.problems, Problem{Path: path, Rule: rule, Value: value, Fix: fix, Origin: v.whence(path)})
}

func (v *validator) field(f field) {
	if allowed, ok := f.tag.Lookup("enum"); ok {
		if options := strings.Split(allowed, ","); !slices.Contains(options, f.value.String()) {
			v.add(f.path, "must be one of "+words(options), f.value.String(), "choose one of these values")
		}
	}
	v.bounds(f)
	for name := range strings.SplitSeq(f.tag.Get("rule"), ",") {
		if name != "" {
			v.rule(f, name)
		}
	}
}

// words lists options; the empty one is named.
func words(options []string) string {
	shown := make([]string, len(options))
	for i, o := range options {
		shown[i] = cmp.Or(o, `"" (none)`)
	}
	return strings.Join(shown, ", ")
}

// bounds checks min and max, which are written like the values.
func (v *validator) bounds(f field) {
	for _, side := range []string{"min", "max"} {
		text, ok := f.tag.Lookup(side)
		if !ok {
			continue
		}
		limit := reflect.New(f.value.Type()).Elem()
		if err := set(limit, text, false); err != nil {
			v.add(f.path, "has a limit that cannot be read", text, "this is a bug in Sluice; report it")
			continue
		}
		order := compare(f.value, limit)
		if (side == "min" && order < 0) || (side == "max" && order > 0) || order == unordered {
			word := map[string]string{"min": "at least", "max": "at most"}[side]
			v.add(f.path, "must be "+word+" "+text, show(f.value), "choose a value within the limits")
			return
		}
	}
}

const unordered = 2 // not a number

func compare(a, b reflect.Value) int {
	if a.CanInt() {
		return cmp.Compare(a.Int(), b.Int())
	}
	if x := a.Float(); x != x {
		return unordered
	}
	return cmp.Compare(a.Float(), b.Float())
}

var (
	topicForm    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,200}$`)
	nameForm     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	keyForm      = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)
	instanceForm = regexp.MustCompile(`^[A-Za-z0-9._-]{0,128}$`)
	prefixForm   = regexp.MustCompile(`^[A-Za-z0-9._:-]{0,32}$`)
	envForm      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// rules are the checks that the tags name: what must hold, how to mend it,
// and the check of one text.
var rules = map[string]struct {
	must, fix string
	ok        func(string) bool
}{
	"nonempty":    {"must not be empty", "set a value", func(s string) bool { return s != "" }},
	"hostport":    {"must be host:port", "write it as host.example:9092", func(s string) bool { return s == "" || isHostPort(s, false) }},
	"listen":      {"must be host:port, :port or off", "write it as 127.0.0.1:9464", func(s string) bool { return s == "off" || isHostPort(s, true) }},
	"host":        {"must be a host name or host:port, in lower case", "write it as hooks.acme.example", isHost},
	"url":         {"must be an http or https URL without user, query or fragment", "write it as https://host.example/path", func(s string) bool { return s == "" || isURL(s) }},
	"topic":       {"must be a topic name", "use letters, digits, dots, _ and -", func(s string) bool { return topicForm.MatchString(s) && s != "." && s != ".." }},
	"provider":    {"must be the name of a provider", "use names such as meta or google", nameForm.MatchString},
	"name":        {"must be a short name", "use letters, digits, dots, _ and -, at most 64", keyForm.MatchString},
	"instance":    {"must be a short name", "use letters, digits, dots, _ and -, at most 128", instanceForm.MatchString},
	"redisprefix": {"must be a short key prefix", "use letters, digits, dots, _, : and -, at most 32", prefixForm.MatchString},
	"envname":     {"must be the name of an environment variable", "write the name without $ and =", envForm.MatchString},
	"absolute":    {"must be an absolute path", "begin it with /", func(s string) bool { return s == "" || filepath.IsAbs(s) }},
	"start":       {"must be earliest, latest or a time", "write a time as 2026-11-01T00:00:00Z", isStart},
}

func (v *validator) rule(f field, name string) {
	r := rules[name]
	if r.ok == nil {
		v.add(f.path, "has an unknown rule "+name, "", "this is a bug in Sluice; report it")
		return
	}
	switch value := f.value.Interface().(type) {
	case string:
		if !r.ok(value) {
			v.add(f.path, r.must, presentable(value), fixFor(f.path, value, name))
		}
	case []string:
		if len(value) == 0 && name == "nonempty" {
			v.add(f.path, r.must, "", r.fix)
		}
		for i, item := range value {
			if !r.ok(item) {
				// Items have no origin of their own; the list's is near enough.
				v.add(fmt.Sprintf("%s[%d]", f.path, i), r.must, presentable(item), fixFor(f.path, item, name))
				v.problems[len(v.problems)-1].Origin = v.whence(f.path)
			}
		}
	}
}

// presentable hides a value in which somebody may have put a password or a
// token.
func presentable(value string) string {
	if strings.ContainsAny(value, "@?") {
		return "[redacted]"
	}
	return value
}

func isHostPort(s string, anyHost bool) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || (host == "" && !anyHost) || strings.ContainsAny(host, " /@") {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 0 && n <= 65535 && (n > 0 || anyHost)
}

// hostForm is a name with at least two labels: addresses and names of the
// local network stand for nobody on the public internet.
var hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.[a-z]([a-z0-9-]{0,61}[a-z0-9])?(:[0-9]{1,5})?$`)

func isHost(s string) bool { return len(s) <= 260 && hostForm.MatchString(s) }

// isURL refuses user and query, where people put secrets that would then be
// printed.
func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func isStart(s string) bool {
	if s == "earliest" || s == "latest" {
		return true
	}
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}
