package resource

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// ReadFS reads the resource files below root: root itself where it is a file,
// else every .yaml, .yml and .json in it and its folders, in order of their
// names. Hidden files and folders are left out.
func ReadFS(fsys fs.FS, root string) ([]File, error) {
	var files []File
	err := fs.WalkDir(fsys, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := name != root && strings.HasPrefix(entry.Name(), ".")
		if entry.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		if name != root && (hidden || !isResourceFile(name)) {
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		files = append(files, File{Name: name, Data: data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading resources below %s: %w", root, err)
	}
	return files, nil
}

func isResourceFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	default:
		return false
	}
}

// Load reads files into records: parsed, checked against each other and
// against base (what is already applied; may be nil), expanded and compiled.
// It collects every problem; where document.HasErrors(problems), the resources are
// incomplete and must not be applied.
func Load(files []File, base *Resources, in Installation) (*Resources, []Problem) {
	docs, problems := readDocuments(files, sortedKeys(in.Providers))
	l := &loader{
		docs: docs, base: base, in: in, problems: problems,
		out: &Resources{
			Destinations: docs.destinations, Policies: docs.policies,
			documents: map[string]bool{}, origins: docs.origins, rows: map[routeKey]*expanded{},
		},
		endpoints: map[string]*Endpoint{},
	}
	l.checkDestinations()
	for _, doc := range docs.mappings {
		l.expand(doc)
	}
	l.dropReplacedRows()
	l.refuseEqualTargets()
	l.out.sort()
	for _, d := range l.out.Destinations {
		d.Hash = HashDestination(d)
	}
	document.Sort(l.problems)
	return l.out, l.problems
}

type loader struct {
	docs     *documents
	base     *Resources
	in       Installation
	out      *Resources
	problems []Problem
	// endpoints are the compiled destinations, those of base included.
	endpoints map[string]*Endpoint
	// targets of the rows in out, in the order of the files.
	rows []*expandedRow
}

type expandedRow struct {
	expanded
	target string
	known  bool // target is known: the row compiled
}

// checkDestinations compiles every destination that a mapping may name.
func (l *loader) checkDestinations() {
	all := slices.Clone(l.docs.destinations)
	if l.base != nil {
		for _, d := range l.base.Destinations {
			if _, replaced := l.out.Destination(d.ID); !replaced {
				all = append(all, d)
			}
		}
	}
	policies := map[string]*consent.Policy{DefaultPolicy: EmbeddedPolicy()}
	for _, from := range []*Resources{l.base, l.out} {
		if from != nil {
			for _, p := range from.Policies {
				policies[p.ID] = p
			}
		}
	}
	set := &Set{policies: policies}
	for _, d := range all {
		_, declared := l.out.Destination(d.ID)
		c := &compiler{in: l.in}
		l.endpoints[d.ID] = c.endpoint(set, d)
		if declared {
			l.reportUnseen(l.docs.origins[resourceID(KindDestination, d.ID)], c.problems)
		}
	}
}

// reportUnseen adds located problems, except for places where reading has
// found something already: two messages about one value help nobody. Of one
// place all values are told, such as every name of a list, and each once, however
// many destinations a mapping has.
func (l *loader) reportUnseen(o *document.Origin, problems []Problem) {
	before := len(l.problems)
	for _, p := range problems {
		if o != nil {
			p = o.Locate(p)
		}
		samePlace := func(q Problem) bool { return q.Resource == p.Resource && q.Path == p.Path && !q.Warning }
		said := func(q Problem) bool {
			return q.Path == p.Path && q.Value == p.Value && (samePlace(q) || q.Rule == p.Rule && q.Line > 0 && q.File == p.File && q.Line == p.Line && q.Column == p.Column)
		}
		if !slices.ContainsFunc(l.problems[:before], samePlace) && !slices.ContainsFunc(l.problems, said) {
			l.problems = append(l.problems, p)
		}
	}
}

// expand makes the records of one mapping document.
func (l *loader) expand(doc *mappingDocument) {
	if doc.whole() {
		l.out.documents[doc.Name] = true
	}
	single := doc.Template == "" && len(doc.Destinations) == 1 && len(doc.rows) == 1
	used := map[string]bool{}
	for i, id := range doc.Destinations {
		e, ok := l.endpoints[id]
		if !ok {
			if _, declared := l.out.Destination(id); !declared {
				l.reportUnseen(doc.origin, []Problem{{
					Path: doc.destPaths[i], Rule: "must name a destination that exists", Value: document.Quoted(id),
					Fix: l.destinationFix(id),
				}})
			}
			continue
		}
		used[e.Destination.Provider] = true
		explicit := map[string]bool{}
		for _, r := range doc.rows {
			explicit[r.event] = true
			l.expandRow(doc, r.over(doc.defaults), e, single, doc.destPaths[i])
		}
		for _, event := range TemplateEvents(doc.Template) {
			if !explicit[event] && !slices.Contains(doc.Except, event) {
				l.expandTemplate(doc, event, e, doc.destPaths[i])
			}
		}
	}
	l.checkSections(doc, used)
}

func (l *loader) destinationFix(id string) string {
	names := slices.Sorted(maps.Keys(l.endpoints))
	if near := document.Nearest(id, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "declare the destination, or correct the name"
}

// checkSections refuses the section of a provider that none of the mapping's
// destinations has: it would have no effect.
func (l *loader) checkSections(doc *mappingDocument, used map[string]bool) {
	if len(used) == 0 {
		return
	}
	for _, r := range append([]row{doc.defaults}, doc.rows...) {
		for _, provider := range sortedKeys(r.sections) {
			if !used[provider] {
				l.reportUnseen(doc.origin, []Problem{{
					Path: r.said[provider], Rule: "has no effect: no destination of this mapping is of provider " + provider, Fix: "remove it",
				}})
			}
		}
	}
}

// expandTemplate makes one row of a template. A provider without such an event
// leaves it out, with a note.
func (l *loader) expandTemplate(doc *mappingDocument, event string, e *Endpoint, destPath string) {
	if e.Provider == nil {
		return // reported at the destination
	}
	m, ok := e.Provider.TemplateEvent(doc.Template, event)
	if !ok {
		l.note(doc, event, e, e.Destination.Provider+" has no such event")
		return
	}
	base := row{event: event, path: "spec.template", mapping: m, sections: map[string]*document.Node{}, said: map[string]string{}}
	base.mapping.FromTemplate, base.mapping.Enabled = doc.Template, true
	if section := document.FromJSON(m.Section); section != nil {
		base.sections[e.Destination.Provider] = section
	}
	if m.Lane != 0 {
		base.said["lane"] = base.path
	}
	if len(m.Include) > 0 {
		base.said["include"] = base.path
	}
	if m.When != "" {
		base.said["when"] = base.path
	}
	l.expandRow(doc, base.over(doc.defaults), e, false, destPath)
}

func (l *loader) note(doc *mappingDocument, event string, e *Endpoint, why string) {
	l.problems = append(l.problems, doc.origin.Locate(Problem{
		Path: "spec.template", Warning: true,
		Rule: fmt.Sprintf("leaves out %s for %s: %s", event, e.Destination.ID, why),
		Fix:  "map the event explicitly, or list it in except to silence this note",
	}))
}

// expandRow makes one record and checks it.
func (l *loader) expandRow(doc *mappingDocument, r row, e *Endpoint, single bool, destPath string) {
	m := r.mapping
	m.DestinationID, m.SourceEvent, m.Name = e.Destination.ID, r.event, doc.Name
	if !single && doc.whole() {
		m.Name = doc.Name + "/" + e.Destination.ID + "/" + r.event
	}
	m.Section = r.sections[e.Destination.Provider].JSON()
	m.Hash = HashMapping(&m)
	x := &expandedRow{expanded: expanded{mapping: &m, doc: doc, row: r, dest: destPath}}
	program, problems := CompileProgram(&m)
	if e.Invalid == "" && e.Account != nil {
		target, found := e.Account.Map(&m)
		problems = append(problems, found...)
		if x.known = target != nil; x.known {
			x.target = target.Key()
		}
		problems = append(problems, l.bounds(&m, program, e)...)
	}
	if m.FromTemplate == doc.Template && doc.Template != "" && len(problems) > 0 {
		l.note(doc, r.event, e, problems[0].Sentence())
		return
	}
	for i := range problems {
		problems[i].Path = r.place(problems[i].Path)
	}
	l.reportUnseen(doc.origin, problems)
	l.rows = append(l.rows, x)
}

// place turns the path of a problem inside a record (when, fields.value,
// google.conversion_action) into the path in the file that it came from.
func (r row) place(found string) string {
	found = strings.TrimPrefix(found, "spec.")
	key, rest, nested := strings.Cut(found, ".")
	at, said := r.said[key]
	if !said {
		at = document.ChildPath(r.path, key)
	}
	if nested {
		return document.ChildPath(at, rest)
	}
	return at
}

// dropReplacedRows leaves out template rows whose event an explicit mapping of
// the same destination names, in these files or in base.
func (l *loader) dropReplacedRows() {
	var all []*Mapping
	for _, x := range l.rows {
		all = append(all, x.mapping)
	}
	if l.base != nil {
		for _, m := range l.base.Mappings {
			if !slices.ContainsFunc(all, func(o *Mapping) bool { return o.Name == m.Name && o.DestinationID == m.DestinationID }) {
				all = append(all, m)
			}
		}
	}
	replaced := replacedRows(all)
	l.rows = slices.DeleteFunc(l.rows, func(x *expandedRow) bool {
		return replaced[routeKey{x.mapping.DestinationID, x.mapping.Name}]
	})
	for _, x := range l.rows {
		l.out.Mappings = append(l.out.Mappings, x.mapping)
		l.out.rows[routeKey{x.mapping.DestinationID, x.mapping.Name}] = &x.expanded
	}
}

// refuseEqualTargets compares the rows of these files with each other.
// Conflicts with what is applied already are Check's to find, because what is
// applied may be about to go.
func (l *loader) refuseEqualTargets() {
	type targetKey struct{ destination, event, target string }
	first := map[targetKey]*expandedRow{}
	for _, x := range l.rows {
		if !x.known {
			continue
		}
		key := targetKey{x.mapping.DestinationID, x.mapping.SourceEvent, x.target}
		if other, taken := first[key]; taken {
			p := equalTargets(x.mapping, other.mapping.Name)
			p.Path = x.row.place("provider_event")
			l.reportUnseen(x.doc.origin, []Problem{p})
			continue
		}
		first[key] = x
	}
}
