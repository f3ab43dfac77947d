package resource

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// documents is everything that a set of files declares, read but not yet
// checked against each other and not expanded.
type documents struct {
	destinations []*Destination
	policies     []*consent.Policy
	mappings     []*mappingDocument
	// origins are by kind/name, as in Problem.Resource.
	origins map[string]*document.Origin
}

// resourceID is the way in which problems and plans name a resource.
func resourceID(kind, name string) string { return kind + "/" + name }

// readDocuments reads files into documents and collects every problem.
// sections are the names of the providers, whose keys are left to them.
func readDocuments(files []File, sections []string) (*documents, []Problem) {
	d := &documents{origins: map[string]*document.Origin{}}
	var problems []Problem
	for _, f := range files {
		docs, found := document.Parse(f)
		problems = append(problems, found...)
		for _, doc := range docs {
			problems = append(problems, d.read(doc, sections)...)
		}
	}
	return d, problems
}

// reader collects everything that is wrong with one document; it never stops
// at the first problem.
type reader struct {
	root     *document.Node
	origin   *document.Origin
	sections []string // names of providers
	problems []Problem
}

func (r *reader) report(p Problem) { r.problems = append(r.problems, r.origin.Locate(p)) }

func (r *reader) reported(path string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Path == path })
}

// envelope is what stands around every resource.
type envelope struct {
	APIVersion string `yaml:"apiVersion" doc:"Version of the format: sluice/v1."`
	Kind       string `yaml:"kind" enum:",Destination,Mapping,Policy" doc:"Kind of the resource."`
}

var (
	envelopeSchema = document.Declare(envelope{}, document.Options{})
	aroundKinds    = []string{"apiVersion", "kind"}
)

// read reads one document.
func (d *documents) read(doc document.Document, sections []string) []Problem {
	r := &reader{root: doc.Root, origin: document.NewOrigin(doc), sections: sections}
	var e envelope
	envelopeSchema.Decode(r.root, "", &e, document.Decoding{Report: r.report, Open: true})
	if r.root.Shape != document.Map {
		return r.problems
	}
	if e.APIVersion != apiVersion {
		r.report(Problem{Path: "apiVersion", Rule: "must be " + apiVersion, Value: document.Quoted(e.APIVersion), Fix: "write apiVersion: " + apiVersion})
	}
	if e.Kind == "" {
		if !r.root.Has("kind") {
			r.report(Problem{Path: "kind", Rule: "is required", Fix: "add kind"})
		}
		return r.problems
	}
	name := ""
	if n := r.root.Get("metadata").Get("name"); n != nil && n.Shape == document.String {
		name = n.Text
	}
	r.origin.Resource = resourceID(e.Kind, name)
	for i := range r.problems {
		r.problems[i].Resource = r.origin.Resource
	}
	if !r.root.Has("spec") {
		r.report(Problem{Path: "spec", Rule: "is required", Fix: "add spec"})
	}
	// What has no name of its own is read for its problems only.
	first := name != "" && d.register(r)
	switch e.Kind {
	case KindDestination:
		if dest := r.destination(); first {
			d.destinations = append(d.destinations, dest)
		}
	case KindMapping:
		if m := r.mapping(); first {
			d.mappings = append(d.mappings, m)
		}
	case KindPolicy:
		if p := r.policy(); first {
			d.policies = append(d.policies, p)
		}
	}
	return r.problems
}

// register notes where a resource stands and refuses a second of its name.
func (d *documents) register(r *reader) bool {
	if first, ok := d.origins[r.origin.Resource]; ok {
		r.report(Problem{
			Path: "metadata.name", Rule: fmt.Sprintf("is declared twice, first at %s:%d", first.File, first.Line("metadata.name")),
			Fix: "rename or remove one of the two",
		})
		return false
	}
	d.origins[r.origin.Resource] = r.origin
	return true
}

// whole reads a document that one struct declares.
func (r *reader) whole(schema *document.Schema, into any, names map[string][]string) {
	schema.Decode(r.root, "", into, document.Decoding{Report: r.report, Names: names, Known: aroundKinds})
	schema.Check(into, "", r.report)
}

// destination reads a Destination. Only its own provider's section may stand
// in it.
func (r *reader) destination() *Destination {
	var names map[string][]string
	if p := r.root.Get("spec").Get("provider"); p != nil && slices.Contains(r.sections, p.Text) {
		names = map[string][]string{"provider": {p.Text}}
	}
	d := defaultDestination()
	r.whole(destinationSchema, &d, names)
	if d.Provider != "" && names == nil {
		r.report(Problem{Path: "spec.provider", Rule: "must be " + document.OrList(r.sections), Value: document.Quoted(d.Provider), Fix: "use one of these providers"})
	}
	if r.reported("spec.secret") {
		d.Secret = "" // it may be the secret itself
	}
	if ms := d.Delivery.RetryForMS; ms <= 0 {
		r.report(Problem{Path: "spec.delivery.retry_for", Rule: "must be more than zero", Fix: "remove it for 24h"})
	}
	r.dedup(d.Dedup.WindowMS)
	return &d
}

func (r *reader) dedup(window int64) {
	p := Problem{Path: "spec.dedup.window", Value: document.Quoted(document.FormatMilliseconds(window))}
	switch {
	case window < MinDedupWindowMS:
		p.Rule, p.Fix = "must be 48h or more", "write 9d, which is longer than any event waits"
	case window < DefaultDedupWindowMS:
		p.Warning = true
		p.Rule = "is shorter than 9d: an event that waits or is replayed for longer than this can be sent twice"
		p.Fix = "remove it unless Redis memory forces you to keep it"
	default:
		return
	}
	r.report(p)
}

// policy reads a Policy; what its values mean is for the consent package to
// check.
func (r *reader) policy() *consent.Policy {
	p := &consent.Policy{}
	r.whole(policySchema, p, nil)
	for _, found := range p.Validate() {
		path := "spec"
		if found.Path != "" {
			path += "." + found.Path
		}
		if !r.reported(path) {
			r.report(Problem{Path: path, Rule: found.Message, Fix: found.Fix})
		}
	}
	return p
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

func plural(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}
