package resource

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// Includable are the details that leave only where a mapping's include lists
// them.
var includable = []string{"item_names", "item_brands", "item_categories", "coupons", "search_term", "page_title"}

// mappingDocument is a Mapping as it was written, before it is expanded to one
// record for each destination and event.
type mappingDocument struct {
	name         string
	destinations []string
	destPaths    []string // of each destination, for problems
	template     string
	except       []string
	defaults     row
	rows         []row
	origin       *origin
}

// row is one event of a mapping, or its defaults. said tells which keys the
// file has, by the path that they stand at.
type row struct {
	event    string
	path     string
	mapping  Mapping
	sections map[string]*tree
	said     map[string]string
}

// whole reports whether the document is one with a plain name, which owns all
// records named name or name/...; a record that was exported by itself has a
// name with slashes and owns only itself.
func (d *mappingDocument) whole() bool { return !strings.Contains(d.name, "/") }

func (r *reader) mapping(name string, metadata, spec *section, providers []string) *mappingDocument {
	d := &mappingDocument{name: name, origin: r.origin}
	d.destinations, d.destPaths = r.mappingDestinations(spec)
	d.template = spec.str("template")
	d.except, _ = spec.strs("except")
	if d.template != "" && len(templateEvents(d.template)) == 0 {
		spec.wrong("template", "must be "+orList(templateNames()), quoted(d.template), "use one of these templates, or write events")
		d.template = ""
	}
	r.checkExcept(d, spec)
	d.defaults = r.row(spec.child("defaults"), providers, false)
	events := spec.child("events")
	short := spec.str("event")
	switch {
	case spec.has("event") && spec.has("events"):
		spec.wrong("events", "must not stand beside event", "", "move the single event into events")
		r.rowKeys(spec, providers, true)
	case spec.has("event") && spec.has("template"):
		spec.wrong("template", "must not stand beside event", "", "write the event under events, or as a mapping of its own")
		r.rowKeys(spec, providers, true)
	case spec.has("event"):
		rw := r.rowKeys(spec, providers, true)
		rw.event = short
		spec.name("event", eventName, "must be an event name without spaces, at most 256 characters", 256)
		d.rows = []row{rw}
	case !spec.has("events") && !spec.has("template"):
		r.report(Problem{Path: "spec.event", Rule: "is required", Fix: "add event with provider_event, or events, or template"})
	}
	for _, e := range events.at.entries {
		path := events.sub(e.key)
		if !eventName.MatchString(e.key) {
			r.report(Problem{Path: path, Rule: "must be an event name without spaces, at most 256 characters", Fix: "correct the key"})
		}
		rw := r.row(r.section(e.value, path), providers, true)
		rw.event = e.key
		d.rows = append(d.rows, rw)
	}
	r.mappingName(d, metadata)
	return d
}

// mappingName accepts name/destination/event only for the very record of that
// name, as export writes it.
func (r *reader) mappingName(d *mappingDocument, metadata *section) {
	if d.whole() {
		metadata.name("name", resourceName, "must be letters, digits, dots, dashes and underscores", 128)
		return
	}
	parts := strings.SplitN(d.name, "/", 3)
	if !expandedName.MatchString(d.name) || d.template != "" || len(d.rows) != 1 ||
		!slices.Equal(d.destinations, parts[1:2]) || d.rows[0].event != parts[2] {
		metadata.wrong("name", "must be letters, digits, dots, dashes and underscores, or name/destination/event of one exported record", quoted(d.name), "choose a name without slashes")
	}
}

func (r *reader) mappingDestinations(spec *section) (ids, paths []string) {
	switch {
	case spec.has("destination") && spec.has("destinations"):
		spec.wrong("destination", "must not stand beside destinations", "", "keep one of the two")
		return nil, nil
	case spec.has("destinations"):
		ids, _ = spec.strs("destinations")
		for i := range ids {
			paths = append(paths, indexPath(spec.sub("destinations"), i))
		}
		if len(ids) == 0 && !r.alreadyReported("spec.destinations") {
			spec.wrong("destinations", "must name a destination", "", "add one")
		}
	case spec.has("destination"):
		if id := spec.str("destination"); id != "" {
			ids, paths = []string{id}, []string{spec.sub("destination")}
		}
	default:
		r.report(Problem{Path: "spec.destination", Rule: "is required", Fix: "add destination, or destinations for several"})
	}
	spec.get("destination")
	spec.get("destinations")
	return ids, paths
}

func (r *reader) checkExcept(d *mappingDocument, spec *section) {
	if len(d.except) > 0 && !spec.has("template") {
		spec.wrong("except", "only goes with template", "", "remove it")
	}
	known := templateEvents(d.template)
	for i, event := range d.except {
		if len(known) > 0 && !slices.Contains(known, event) {
			r.unknownWord("spec.except", i, event, known)
		}
	}
}

// row reads one entry of events, or defaults, to its last key.
func (r *reader) row(s *section, providers []string, isEvent bool) row {
	rw := r.rowKeys(s, providers, isEvent)
	s.done()
	return rw
}

func (r *reader) rowKeys(s *section, providers []string, isEvent bool) row {
	rw := row{path: s.path, sections: map[string]*tree{}, said: map[string]string{}}
	for _, e := range s.at.entries {
		if e.value.shape != shapeNull {
			rw.said[e.key] = s.sub(e.key)
		}
	}
	m := &rw.mapping
	if isEvent {
		s.require("provider_event")
		m.ProviderEvent = s.str("provider_event")
		m.FromTemplate = s.oneOf("from_template", append([]string{""}, templateNames()...)...)
	}
	m.Enabled = s.boolean("enabled", true)
	if s.oneOf("lane", "batch", "realtime") == "realtime" {
		m.Lane = decision.LaneRealtime
	}
	m.MaxWaitMS = s.duration("max_wait", 0)
	m.When = r.optionalExpression(s, "when")
	m.ItemID = r.optionalExpression(s, "item_id")
	m.Fields = r.fields(s)
	m.Include = r.include(s)
	m.Properties, _ = s.strs("properties")
	m.URLParameters, _ = s.strs("url_parameters")
	m.URL = s.oneOf("url", "", "full", "path", "origin")
	more := s.child("consent")
	m.Requires = r.requires(more)
	more.done()
	m.Sensitive = readSensitive(s)
	for _, provider := range providers {
		if s.has(provider) && s.raw(provider) != nil {
			rw.sections[provider] = s.get(provider)
		}
	}
	return rw
}

func (r *reader) optionalExpression(s *section, key string) string {
	t := s.get(key)
	if t == nil {
		return ""
	}
	text := r.expression(t, s.sub(key))
	if text == "" && t.shape == shapeString {
		s.wrong(key, "must not be empty", "", "write a CEL expression or remove the key")
	}
	return text
}

func (r *reader) fields(s *section) map[string]string {
	computed := s.child("fields")
	var fields map[string]string
	for _, e := range computed.at.entries {
		if fields == nil {
			fields = map[string]string{}
		}
		path := computed.sub(e.key)
		if e.value.shape == shapeNull {
			r.report(Problem{Path: path, Rule: "must be a CEL expression", Value: "nothing", Fix: "write an expression or remove the key"})
			continue
		}
		text := r.expression(e.value, path)
		if text == "" && e.value.shape == shapeString {
			r.report(Problem{Path: path, Rule: "must not be empty", Fix: "write an expression; an empty string is ''"})
		}
		fields[e.key] = text
	}
	return fields
}

func (r *reader) include(s *section) map[string]bool {
	words, _ := s.strs("include")
	var set map[string]bool
	for i, word := range words {
		if !slices.Contains(includable, word) {
			r.unknownWord(s.sub("include"), i, word, includable)
			continue
		}
		if set == nil {
			set = map[string]bool{}
		}
		set[word] = true
	}
	return set
}

// over lays rw over the document's defaults. What the row says wins; fields
// and provider sections are joined key by key, lists are replaced.
func (rw row) over(defaults row) row {
	out := rw
	out.said = map[string]string{}
	for key, path := range defaults.said {
		out.said[key] = path
	}
	for key, path := range rw.said {
		out.said[key] = path
	}
	from := &defaults.mapping
	m := &out.mapping
	inherit := func(key string, set func()) {
		if _, own := rw.said[key]; !own {
			set()
		}
	}
	if _, said := defaults.said["enabled"]; said {
		inherit("enabled", func() { m.Enabled = from.Enabled })
	}
	inherit("lane", func() { m.Lane = from.Lane })
	inherit("max_wait", func() { m.MaxWaitMS = from.MaxWaitMS })
	inherit("when", func() { m.When = from.When })
	inherit("item_id", func() { m.ItemID = from.ItemID })
	inherit("include", func() { m.Include = from.Include })
	inherit("properties", func() { m.Properties = from.Properties })
	inherit("url_parameters", func() { m.URLParameters = from.URLParameters })
	inherit("url", func() { m.URL = from.URL })
	inherit("consent", func() { m.Requires = from.Requires })
	inherit("sensitive", func() { m.Sensitive = from.Sensitive })
	if len(from.Fields) > 0 {
		joined := map[string]string{}
		for name, text := range from.Fields {
			joined[name] = text
		}
		for name, text := range m.Fields {
			joined[name] = text
		}
		m.Fields = joined
	}
	out.sections = map[string]*tree{}
	for provider, section := range defaults.sections {
		out.sections[provider] = section
	}
	for provider, section := range rw.sections {
		out.sections[provider] = joinMaps(defaults.sections[provider], section)
	}
	return out
}

func joinMaps(base, over *tree) *tree {
	if base == nil {
		return over
	}
	joined := &tree{shape: shapeMap, line: over.line, column: over.column, entries: slices.Clone(over.entries)}
	for _, e := range base.entries {
		if joined.find(e.key) == nil {
			joined.entries = append(joined.entries, e)
		}
	}
	return joined
}
