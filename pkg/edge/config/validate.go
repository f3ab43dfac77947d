package config

import (
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// validate checks every setting against its tags, then what concerns several
// settings at once.
func (l *loader) validate() Problems {
	v := &validator{originOf: l.originOf}
	settings.Check(&l.config, "", func(p document.Problem) { v.add(p.Path, p.Rule, p.Value, p.Fix) })
	v.together(l.config)
	return v.problems
}

type validator struct {
	originOf func(path string) string
	problems Problems
}

func (v *validator) add(path, rule, value, fix string) {
	v.problems = append(v.problems, Problem{Path: path, Rule: rule, Value: value, Fix: fix, Origin: v.originOf(path)})
}

var (
	topicForm    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,200}$`)
	nameForm     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	keyForm      = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)
	instanceForm = regexp.MustCompile(`^[A-Za-z0-9._-]{0,128}$`)
	prefixForm   = regexp.MustCompile(`^[A-Za-z0-9._:-]{0,32}$`)
	envForm      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// rules are the checks that the tags name: what must hold and how to repair it.
var rules = map[string]document.Rule{
	"nonempty":    {Must: "must not be empty", Fix: "set a value", OK: func(s string) bool { return s != "" }},
	"hostport":    address("hostport", "must be host:port", "write it as host.example:9092", func(s string) bool { return s == "" || isHostPort(s, false) }),
	"listen":      address("listen", "must be host:port, :port or off", "write it as 127.0.0.1:9464", func(s string) bool { return s == "off" || isHostPort(s, true) }),
	"url":         address("url", "must be an http or https URL without user, query or fragment", "write it as https://host.example/path", func(s string) bool { return s == "" || isURL(s) }),
	"host":        {Must: "must be a host name or host:port, in lower case", Fix: "write it as hooks.acme.example", OK: isHost},
	"topic":       {Must: "must be a topic name", Fix: "use letters, digits, dots, _ and -", OK: func(s string) bool { return topicForm.MatchString(s) && s != "." && s != ".." }},
	"provider":    {Must: "must be the name of a provider", Fix: "use lower-case letters, digits and -, such as meta or google", Form: nameForm},
	"name":        {Must: "must be a short name", Fix: "use letters, digits, dots, _ and -, at most 64", Form: keyForm},
	"instance":    {Must: "must be a short name", Fix: "use letters, digits, dots, _ and -, at most 128", Form: instanceForm},
	"redisprefix": {Must: "must be a short key prefix", Fix: "use letters, digits, dots, _, : and -, at most 32", Form: prefixForm},
	"envname":     {Must: "must be the name of an environment variable", Fix: "write the name without $ and =", Form: envForm},
	"absolute":    {Must: "must be an absolute path", Fix: "begin it with /", OK: func(s string) bool { return s == "" || filepath.IsAbs(s) }},
	"start":       {Must: "must be earliest, latest or a time", Fix: "write a time as 2026-11-01T00:00:00Z", OK: isStart},
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
