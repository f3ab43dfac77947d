package resource

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// apiVersion is the only version of the file format.
const apiVersion = "sluice/v1"

// The kinds of resources.
const (
	KindDestination = "Destination"
	KindMapping     = "Mapping"
	KindPolicy      = "Policy"
)

// The forms of names. A destination's name is part of topic keys, metrics and
// file names, so it is the strictest.
var (
	destinationName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	resourceName    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	expandedName    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?/[a-z0-9-]+/\S+$`)
	customerName    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
	eventName       = regexp.MustCompile(`^\S{1,256}$`)
)

// documents is everything that a set of files declares, read but not yet
// checked against each other and not expanded.
type documents struct {
	destinations []*Destination
	policies     []*consent.Policy
	mappings     []*mappingDocument
	// origins are by kind/name, as in Problem.Resource.
	origins map[string]*origin
}

// resourceID is the way in which problems and plans name a resource.
func resourceID(kind, name string) string { return kind + "/" + name }

// readDocuments reads files into documents and collects every problem.
// sections are the names of the providers, whose keys are left to them.
func readDocuments(files []File, sections []string) (*documents, []Problem) {
	d := &documents{origins: map[string]*origin{}}
	var problems []Problem
	report := func(p Problem) { problems = append(problems, p) }
	for _, f := range files {
		for _, doc := range parseFile(f, report) {
			problems = append(problems, d.read(doc, sections)...)
		}
	}
	return d, problems
}

// read reads one document.
func (d *documents) read(doc document, sections []string) []Problem {
	o := &origin{file: doc.file, places: map[string]place{}}
	o.record(doc.root, "")
	r := &reader{origin: o}
	top := r.section(doc.root, "")
	if doc.root.shape != shapeMap {
		return r.problems
	}
	if v := top.str("apiVersion"); v != apiVersion {
		r.report(Problem{Path: "apiVersion", Rule: "must be " + apiVersion, Value: quoted(v), Fix: "write apiVersion: " + apiVersion})
	}
	kind := top.oneOf("kind", "", KindDestination, KindMapping, KindPolicy)
	if kind == "" {
		top.require("kind")
		return r.problems
	}
	metadata, spec := top.child("metadata"), top.child("spec")
	name := metadata.str("name")
	o.resource = resourceID(kind, name)
	for i := range r.problems {
		r.problems[i].Resource = o.resource
	}
	metadata.require("name")
	top.require("spec")
	// What has no name of its own is read for its problems only.
	first := name != "" && d.register(r, o)
	switch kind {
	case KindDestination:
		if dest := r.destination(name, metadata, spec, sections); first {
			d.destinations = append(d.destinations, dest)
		}
	case KindMapping:
		if m := r.mapping(name, metadata, spec, sections); first {
			d.mappings = append(d.mappings, m)
		}
	case KindPolicy:
		if p := r.policy(name, metadata, spec); first {
			d.policies = append(d.policies, p)
		}
	}
	metadata.done()
	spec.done()
	top.done()
	return r.problems
}

// register notes where a resource stands and refuses a second of its name.
func (d *documents) register(r *reader, o *origin) bool {
	if first, ok := d.origins[o.resource]; ok {
		at := first.places["metadata.name"]
		r.report(Problem{
			Path: "metadata.name", Rule: fmt.Sprintf("is declared twice, first at %s:%d", first.file, at.line),
			Fix: "rename or remove one of the two",
		})
		return false
	}
	d.origins[o.resource] = o
	return true
}

func (s *section) name(key string, form *regexp.Regexp, rule string, limit int) {
	t := s.get(key)
	if t == nil || t.shape != shapeString {
		return // absent or of the wrong kind: reported elsewhere
	}
	if !form.MatchString(t.text) || len(t.text) > limit {
		s.wrong(key, rule, s.shown(t), "choose another name")
	}
}

// policy reads spec of a Policy; what its values mean is for the consent
// package to check.
func (r *reader) policy(name string, metadata, spec *section) *consent.Policy {
	metadata.name("name", resourceName, "must be letters, digits, dots, dashes and underscores", 128)
	metadata.name("customer", customerName, "must be 1 to 128 of A-Z a-z 0-9 . _ -", 128)
	p := &consent.Policy{ID: name, Customer: metadata.str("customer"), Version: spec.str("version")}
	spec.require("default")
	if spec.has("default") {
		p.Default = r.policyRow(spec.child("default"))
	}
	p.Lifetime = milliseconds(spec.duration("consent_lifetime", 0))
	minors := spec.child("minors")
	p.Minors = consent.Minors{Child: minors.str("child"), Teen: minors.str("teen")}
	minors.done()
	sensitive := spec.child("sensitive")
	p.Sensitive.Block, _ = sensitive.strs("block")
	sensitive.done()
	rows := spec.child("jurisdictions")
	for _, e := range rows.at.entries {
		if p.Jurisdictions == nil {
			p.Jurisdictions = map[string]consent.Row{}
		}
		p.Jurisdictions[e.key] = r.policyRow(r.section(e.value, rows.sub(e.key)))
	}
	r.checkPolicy(p)
	return p
}

func (r *reader) policyRow(s *section) consent.Row {
	row := consent.Row{
		Regime:           s.str("regime"),
		HonourGPC:        tri(s.optionalBool("honour_gpc")),
		HonourDNT:        tri(s.optionalBool("honour_dnt")),
		GPCRequiredSince: s.str("gpc_required_since"),
		Source:           s.str("source"),
	}
	s.done()
	return row
}

func tri(b *bool) consent.Tri {
	if b == nil {
		return consent.Unset
	}
	return consent.TriOf(*b)
}

// checkPolicy carries over what the consent package finds.
func (r *reader) checkPolicy(p *consent.Policy) {
	for _, found := range p.Validate() {
		path := "spec"
		if found.Path != "" {
			path += "." + found.Path
		}
		if r.alreadyReported(path) {
			continue
		}
		r.report(Problem{Path: path, Rule: found.Message, Fix: found.Fix})
	}
}

func (r *reader) alreadyReported(path string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Path == path })
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}
