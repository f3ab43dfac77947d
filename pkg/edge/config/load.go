package config

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
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
		l.set(setting.Path, setting.Value, setting.Flag, false)
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

// whence names the origin of a path, looking at its parents too.
func (l *loader) whence(path string) string {
	for p := path; p != ""; {
		if origin, ok := l.origin[p]; ok {
			return origin
		}
		cut := strings.LastIndexByte(p, '.')
		if cut < 0 {
			break
		}
		p = p[:cut]
	}
	return "default"
}

// EnvName gives the environment variable of a setting.
func EnvName(path string) string {
	return EnvPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(path))
}

var providerVariable = regexp.MustCompile(`^SLUICE_SENDER_PROVIDERS_([A-Z0-9]+)_([A-Z_]+)$`)

// environ applies the variables that have our prefix and refuses those that
// name no setting: a typo in a Helm chart must not go unnoticed.
func (l *loader) environ(variables []string) {
	known := map[string]string{}
	for _, f := range fields(&l.config) {
		known[EnvName(f.path)] = f.path
	}
	for _, variable := range slices.Sorted(slices.Values(variables)) {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, EnvPrefix) || slices.Contains(notSettings, name) {
			continue
		}
		path, ok := known[name]
		if m := providerVariable.FindStringSubmatch(name); !ok && m != nil {
			path, ok = "sender.providers."+strings.ToLower(m[1])+"."+strings.ToLower(m[2]), true
		}
		if !ok {
			l.problem(name, name, "must be the name of a setting", "", suggest(name, known))
			continue
		}
		l.set(path, value, name, true)
	}
}

func suggest(name string, known map[string]string) string {
	candidates := make([]string, 0, len(known))
	for k := range known {
		candidates = append(candidates, k)
	}
	slices.Sort(candidates)
	if guess := nearest(name, candidates); guess != "" {
		return "did you mean " + guess + "?"
	}
	return "unset it; sluice config schema lists every setting"
}

// set applies one value by its path. literal says that the source may hold
// secrets themselves.
func (l *loader) set(path, text, origin string, literal bool) {
	put := func(v reflect.Value) { l.put(v, path, text, origin, literal) }
	if l.setProvider(path, put) {
		return
	}
	for _, f := range fields(&l.config) {
		if f.path == path {
			put(f.value)
			return
		}
	}
	l.problem(origin, path, "must be the path of a setting", "", "see sluice config schema")
}

// put parses text into v; where that fails, v keeps its value.
func (l *loader) put(v reflect.Value, path, text, origin string, literal bool) {
	keep := reflect.New(v.Type()).Elem()
	keep.Set(v)
	if err := set(v, text, literal); err != nil {
		v.Set(keep)
		if _, secret := v.Interface().(Secret); secret {
			text = ""
		}
		l.problem(origin, path, err.Error(), text, "correct the value")
		return
	}
	l.origin[path] = origin
}

// setProvider handles entries of sender.providers, which come into being when
// they are first named.
func (l *loader) setProvider(path string, put func(reflect.Value)) bool {
	rest, ok := strings.CutPrefix(path, "sender.providers.")
	name, key, both := strings.Cut(rest, ".")
	if !ok || !both {
		return false
	}
	entry := l.config.Sender.Provider(name)
	v := reflect.ValueOf(&entry).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			put(v.Field(i))
			if l.config.Sender.Providers == nil {
				l.config.Sender.Providers = map[string]Provider{}
			}
			l.config.Sender.Providers[name] = entry
			return true
		}
	}
	return false
}
