package config

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// EnvPrefix stands before the names of environment variables: the setting
// router.batch.records is SLUICE_ROUTER_BATCH_RECORDS.
const EnvPrefix = "SLUICE_"

// notSettings are prefixed variables that are no settings: the command reads
// SLUICE_CONFIG to find the file.
var notSettings = []string{"SLUICE_CONFIG"}

// Sources says where a configuration comes from, weakest first after the
// defaults.
type Sources struct {
	// File is the path of a YAML file; empty is none.
	File string
	// Environ is what os.Environ gives.
	Environ []string
	// Set are settings from flags, applied in order.
	Set []Setting
}

// Setting is one value that a flag gives.
type Setting struct {
	// Path is the setting, such as kafka.brokers. Lists are separated by
	// commas.
	Path string
	// Value is its text, as it would stand in YAML.
	Value string
	// Flag is how messages name it, such as --brokers.
	Flag string
}

// Load reads a configuration. Its error is Problems, all of them, or the
// error of reading the file.
func Load(s Sources) (Config, error) {
	var text []byte
	if s.File != "" {
		var err error
		if text, err = os.ReadFile(s.File); err != nil {
			return Config{}, fmt.Errorf("reading the configuration file: %w", err)
		}
	}
	l := &loader{config: Default(), origin: map[string]string{}}
	l.file(s.File, text)
	l.environ(s.Environ)
	for _, setting := range s.Set {
		l.set(settings, setting.Path, setting.Value, setting.Flag)
	}
	l.problems = append(l.problems, l.validate()...)
	return l.config, l.problems.err()
}

// Validate checks a configuration that was made by a program, such as that
// of the demo. Its error is Problems.
func (c Config) Validate() error {
	l := &loader{config: c}
	return l.validate().err()
}

// loader applies sources and remembers who said what.
type loader struct {
	config   Config
	origin   map[string]string // path -> where its value was written
	problems Problems
}

func (l *loader) problem(origin, path, rule, value, fix string) {
	l.problems = append(l.problems, Problem{Path: path, Rule: rule, Value: value, Fix: fix, Origin: origin})
}

// file applies a YAML document.
func (l *loader) file(name string, text []byte) {
	docs, problems := document.Parse(document.File{Name: name, Data: text})
	at := func(line, column int) string { return fmt.Sprintf("%s:%d:%d", name, line, column) }
	for _, p := range problems {
		l.problem(at(p.Line, p.Column), "(file)", p.Rule, "", p.Fix)
	}
	if len(problems) > 0 {
		return
	}
	for i, doc := range docs {
		if i > 0 {
			l.problem(at(doc.Root.Line, doc.Root.Column), "(file)", "must hold one document", "", "move resources to files for sluice apply")
			return
		}
		settings.Decode(doc.Root, "", &l.config, document.Decoding{
			Set:    func(path string, line, column int) { l.origin[path] = at(line, column) },
			Report: func(p document.Problem) { l.problem(at(p.Line, p.Column), p.Path, p.Rule, p.Value, p.Fix) },
		})
	}
}

// originOf names where a path was written, looking at its parents too.
func (l *loader) originOf(path string) string {
	for p := path; p != ""; p = document.ParentPath(p) {
		if origin, ok := l.origin[p]; ok {
			return origin
		}
	}
	return "default"
}

// EnvName gives the environment variable of a setting.
func EnvName(path string) string {
	return EnvPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(path))
}

var providerVariable = regexp.MustCompile(`^SLUICE_SENDER_PROVIDERS_([A-Z0-9]+)_([A-Z_]+)$`)

// providerPath gives the setting of a provider that a variable names. Names of
// providers have hyphens where variables have underscores, and so do the settings,
// which are known: what stands before one is the name.
func providerPath(variable string) (path string, ok bool) {
	m := providerVariable.FindStringSubmatch(variable)
	probe := Config{Sender: Sender{Providers: map[string]Provider{"x": {}}}}
	for _, v := range settings.Values(&probe) {
		key, of := strings.CutPrefix(v.Path, "sender.providers.x.")
		if !of {
			continue
		}
		name, is := strings.CutSuffix(variable, "_"+strings.ToUpper(key))
		if name, of = strings.CutPrefix(name, EnvPrefix+"SENDER_PROVIDERS_"); is && of && name != "" {
			return "sender.providers." + strings.ToLower(strings.ReplaceAll(name, "_", "-")) + "." + key, true
		}
	}
	if m == nil {
		return "", false
	}
	return "sender.providers." + strings.ToLower(m[1]) + "." + strings.ToLower(m[2]), true
}

// environ applies the variables that have our prefix and refuses those that
// name no setting: a typo in a Helm chart must not go unnoticed.
func (l *loader) environ(environ []string) {
	known := map[string]string{}
	for _, v := range settings.Values(&l.config) {
		known[EnvName(v.Path)] = v.Path
	}
	for _, variable := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, EnvPrefix) || slices.Contains(notSettings, name) {
			continue
		}
		path, ok := known[name]
		if !ok {
			path, ok = providerPath(name)
		}
		if !ok {
			l.problem(name, name, "must be the name of a setting", "", suggest(name, known))
			continue
		}
		l.set(variables, path, value, name)
	}
}

func suggest(name string, known map[string]string) string {
	if guess := document.Nearest(name, slices.Sorted(maps.Keys(known))); guess != "" {
		return "did you mean " + guess + "?"
	}
	return "unset it; sluice config schema lists every setting"
}

// set applies one value by its path. from is variables where the source may
// hold secrets themselves, else settings.
func (l *loader) set(from *document.Schema, path, text, origin string) {
	p, known := from.SetText(&l.config, path, text)
	switch {
	case !known:
		l.problem(origin, path, "must be the path of a setting", "", "see sluice config schema")
	case p != nil:
		l.problem(origin, path, p.Rule, p.Value, p.Fix)
	default:
		l.origin[path] = origin
	}
}
