package resource

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// mappingDocument is a Mapping as it was written, before it is expanded to one
// record for each destination and event.
type mappingDocument struct {
	Name         string                    `yaml:"metadata.name" required:"true" doc:"Name of the mapping."`
	Destination  string                    `yaml:"spec.destination" doc:"The destination."`
	Destinations []string                  `yaml:"spec.destinations" doc:"Several destinations, instead of destination."`
	Template     string                    `yaml:"spec.template" enum:"@templates" doc:"Standard table of events to begin with; explicit mappings replace its rows."`
	Except       []string                  `yaml:"spec.except" doc:"Events of the template to leave out."`
	Defaults     *document.Node            `yaml:"spec.defaults" doc:"Keys that every row begins with."`
	Event        string                    `yaml:"spec.event" rule:"event" doc:"Name of the one event, whose keys stand beside it."`
	Events       map[string]*document.Node `yaml:"spec.events" doc:"Rows by the name of the event in the analytics topic."`

	destPaths []string // of each destination, for problems
	defaults  row
	rows      []row
	origin    *document.Origin
}

// row is one event of a mapping, or its defaults. said tells which keys the
// file has, by the path that they stand at.
type row struct {
	event    string
	path     string
	mapping  Mapping
	sections map[string]*document.Node
	said     map[string]string
}

// whole reports whether the document is one with a plain name, which owns all
// records named name or name/...; a record that was exported by itself has a
// name with slashes and owns only itself.
func (d *mappingDocument) whole() bool { return !strings.Contains(d.Name, "/") }

func (r *reader) mapping() *mappingDocument {
	d := &mappingDocument{origin: r.origin}
	spec := r.root.Get("spec")
	if spec == nil || spec.Shape != document.Map {
		spec = document.NewMap()
	}
	short := spec.Has("event")
	read := document.Decoding{Report: r.report, Known: aroundKinds, Below: map[string][]string{}}
	if short {
		read.Below["spec"] = append(rowSchema.Keys(), r.sections...)
	}
	mappingHead.Decode(r.root, "", d, read)
	mappingHead.Check(d, "", r.report)
	r.mappingDestinations(d, spec)
	r.checkExcept(d, spec)
	d.defaults = r.row(defaultsSchema, d.Defaults, "spec.defaults", false)
	if short {
		r.warnLookAlike("spec.event", d.Event)
		rw := r.row(rowSchema, spec, "spec", true)
		rw.event = d.Event
		d.rows = []row{rw}
	}
	switch {
	case short && spec.Has("events"):
		r.report(Problem{Path: "spec.events", Rule: "must not stand beside event", Fix: "move the single event into events"})
		d.rows = nil
	case short && spec.Has("template"):
		r.report(Problem{Path: "spec.template", Rule: "must not stand beside event", Fix: "write the event under events, or as a mapping of its own"})
	case !short && !spec.Has("events") && !spec.Has("template"):
		r.report(Problem{Path: "spec.event", Rule: "is required", Fix: "add event with provider_event, or events, or template"})
	}
	for _, event := range sortedKeys(d.Events) {
		path := document.ChildPath("spec.events", event)
		if !eventName.MatchString(event) {
			r.report(Problem{Path: path, Rule: eventRule, Fix: "correct the key"})
		}
		r.warnLookAlike(path, event)
		rw := r.row(rowSchema, d.Events[event], path, false)
		rw.event = event
		d.rows = append(d.rows, rw)
	}
	r.mappingName(d)
	return d
}

// mappingName accepts name/destination/event only for the very record of that
// name, as export writes it.
func (r *reader) mappingName(d *mappingDocument) {
	const path = "metadata.name"
	if d.whole() {
		if d.Name != "" && !resourceName.MatchString(d.Name) {
			r.report(Problem{Path: path, Rule: rules["resource"].Must, Value: document.Quoted(d.Name), Fix: plainName(path, d.Name)})
		}
		return
	}
	parts := strings.SplitN(d.Name, "/", 3)
	if !expandedName.MatchString(d.Name) || d.Template != "" || len(d.rows) != 1 ||
		!slices.Equal(d.Destinations, parts[1:2]) || d.rows[0].event != parts[2] {
		r.report(Problem{Path: path, Rule: rules["resource"].Must + ", or name/destination/event of one exported record", Value: document.Quoted(d.Name), Fix: "choose a name without slashes"})
	}
}

// mappingDestinations makes one list of destination and destinations.
func (r *reader) mappingDestinations(d *mappingDocument, spec *document.Node) {
	const one, several = "spec.destination", "spec.destinations"
	switch {
	case spec.Has("destination") && spec.Has("destinations"):
		r.report(Problem{Path: one, Rule: "must not stand beside destinations", Fix: "keep one of the two"})
		d.Destinations = nil
	case spec.Has("destinations"):
		for i := range d.Destinations {
			d.destPaths = append(d.destPaths, document.IndexPath(several, i))
		}
		if len(d.Destinations) == 0 && !r.reported(several) {
			r.report(Problem{Path: several, Rule: "must name a destination", Fix: "add one"})
		}
	case d.Destination != "":
		d.Destinations, d.destPaths = []string{d.Destination}, []string{one}
	case !spec.Has("destination"):
		r.report(Problem{Path: one, Rule: "is required", Fix: "add destination, or destinations for several"})
	}
}

func (r *reader) checkExcept(d *mappingDocument, spec *document.Node) {
	if len(d.Except) > 0 && !spec.Has("template") {
		r.report(Problem{Path: "spec.except", Rule: "only goes with template", Fix: "remove it"})
	}
	known := TemplateEvents(d.Template)
	for i, event := range d.Except {
		if len(known) > 0 && !slices.Contains(known, event) {
			p := document.UnknownWord(event, known)
			p.Path = document.IndexPath("spec.except", i)
			r.report(p)
		}
	}
}

// row reads one entry of events, or defaults. open leaves unknown keys to the
// reader of the head beside it.
func (r *reader) row(schema *document.Schema, n *document.Node, path string, open bool) row {
	rw := row{path: path, sections: map[string]*document.Node{}, said: map[string]string{}, mapping: Mapping{Enabled: true}}
	if n == nil {
		n = document.NewMap()
		if schema == defaultsSchema {
			return rw
		}
	}
	for _, e := range n.Entries {
		if e.Value.Shape != document.Null {
			rw.said[e.Key] = document.ChildPath(path, e.Key)
		}
	}
	schema.Decode(n, path, &rw.mapping, document.Decoding{Report: r.report, Known: r.sections, Open: open})
	r.warnLookAlike(document.ChildPath(path, "provider_event"), rw.mapping.ProviderEvent)
	for key, names := range map[string][]string{"properties": rw.mapping.Properties, "url_parameters": rw.mapping.URLParameters} {
		for i, name := range names {
			r.warnLookAlike(document.IndexPath(document.ChildPath(path, key), i), name)
		}
	}
	for _, provider := range r.sections {
		switch section := n.Get(provider); {
		case section == nil:
		case section.Shape != document.Map:
			r.report(Problem{Path: rw.said[provider], Rule: "must be a map", Value: section.Shape.String(), Fix: "write its keys below it, indented"})
		default:
			rw.sections[provider] = section
		}
	}
	return rw
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
	out.sections = map[string]*document.Node{}
	for provider, section := range defaults.sections {
		out.sections[provider] = section
	}
	for provider, section := range rw.sections {
		out.sections[provider] = section.Over(defaults.sections[provider])
	}
	return out
}
