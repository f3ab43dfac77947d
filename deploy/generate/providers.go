package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

// chartValues gives the chart's values an entry for each provider: it adds what
// is missing, switched off, and removes what is no provider. What an entry says
// is kept, for its author chose it.
func chartValues(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "helm", "sluice", "values.yaml")) //nolint:gosec // G304: the argument of `make generate`, given by a developer
	if err != nil {
		return nil, fmt.Errorf("reading values: %w", err)
	}
	const above, indent = "\n  providers:\n", "    "
	before, rest, found := strings.Cut(string(text), above)
	if !found {
		return nil, errors.New("reading values: sender.providers is missing")
	}
	said := map[string]string{}
	for strings.HasPrefix(rest, indent) {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		name, value, isEntry := strings.Cut(strings.TrimPrefix(line, indent), ": ")
		if isEntry && !strings.HasPrefix(name, "#") {
			said[name] = value
		}
	}
	var b strings.Builder
	b.WriteString(before + above)
	for _, s := range all.Specs() {
		value, ok := said[s.Name]
		if !ok {
			value = "{enabled: false, replicas: 2, maxReplicas: 6, destinationSecrets: []}"
		}
		fmt.Fprintf(&b, "%s# %s.\n%s# @schema provider\n%s%s: %s\n", indent, s.Title, indent, indent, s.Name, value)
	}
	return []byte(b.String() + rest), nil
}

// providerPages are the pages of docs/providers.
func providerPages() []output {
	var pages []output
	for _, r := range all.Registrations() {
		p := r.New(provider.Deps{})
		path := "docs/providers/" + r.Name + ".md"
		pages = append(pages, output{path, func(root string) ([]byte, error) { return providerPage(root, path, p) }})
	}
	return pages
}

// providerPage makes the tables of a provider's page from the tables that the
// code works with, so that what an operator reads is what happens. A provider
// without a page gets one, to which its author adds the prose.
func providerPage(root, path string, p provider.Provider) ([]byte, error) {
	page, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path))) //nolint:gosec // G304: the argument of `make generate`, given by a developer
	if errors.Is(err, fs.ErrNotExist) {
		page, err = newPage(p), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	for _, part := range pageParts(p) {
		if page, err = fill(page, p.Name()+" "+part.Name, part); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// fill replaces what stands between a marker and the next end. A page without
// the marker says the same in words of its own.
func fill(page []byte, what string, t provider.Table) ([]byte, error) {
	marker := marker(what)
	before, rest, found := bytes.Cut(page, marker)
	if !found {
		return page, nil
	}
	_, after, found := bytes.Cut(rest, []byte("<!-- end -->"))
	if !found {
		return nil, fmt.Errorf("the marker for %s has no end", what)
	}
	return slices.Concat(before, marker, markdown(t), []byte("<!-- end -->"), after), nil
}

func marker(what string) []byte { return []byte("<!-- generated: " + what + " -->\n") }

// pageParts are the tables of a page.
func pageParts(p provider.Provider) []provider.Table {
	parts := []provider.Table{limits(p), template(p), answers(p.Spec().Errors)}
	if own, ok := p.(provider.Documented); ok {
		parts = append(parts, own.Tables()...)
	}
	return parts
}

// newPage is the page of a provider that has none.
func newPage(p provider.Provider) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", p.Spec().Title)
	for _, part := range pageParts(p) {
		fmt.Fprintf(&b, "\n## %s\n\n%s<!-- end -->\n", part.Title, marker(p.Name()+" "+part.Name))
	}
	return b.Bytes()
}

func limits(p provider.Provider) provider.Table {
	s := p.Spec()
	t := provider.Table{Name: "limits", Title: "What it needs and where it sends", Head: []string{"what", "declared"}}
	row := func(what, content string) {
		if content == "" {
			content = "none"
		}
		t.Rows = append(t.Rows, []string{what, content})
	}
	row("consent", p.Needs().Purposes.String())
	hosts := strings.Join(s.Hosts, ", ")
	if s.OwnHosts {
		hosts = "those that `sender.providers." + s.Name + ".hosts` lists"
	}
	row("hosts", hosts)
	row("events in a request", fmt.Sprintf("%d, in the realtime lane %d", s.MaxBatch, s.RealtimeBatch))
	if s.Blind {
		row("success", "says nothing: the API never refuses, so health calls these events sent, not delivered")
	}
	var kinds []string
	for _, k := range p.Supported().List() {
		kinds = append(kinds, k.String())
	}
	row("identifiers", strings.Join(kinds, ", "))
	row("members that hold an identifier unhashed", strings.Join(s.Clear, ", "))
	return t
}

func answers(rows []provider.ErrorRow) provider.Table {
	t := provider.Table{Name: "answers", Title: "Answers", Head: []string{"code", "subcode", "class", "meaning", "what to do"}}
	for _, r := range rows {
		subcode := r.Subcode
		if subcode == "" {
			subcode = "-"
		}
		t.Rows = append(t.Rows, []string{"`" + r.Code + "`", subcode, r.Class.String(), r.Meaning, r.Fix})
	}
	return t
}

func template(p provider.Provider) provider.Table {
	t := provider.Table{Name: "template", Title: "The template commerce", Head: []string{"source event", "sent as", "lane"}}
	for _, source := range resource.TemplateEvents("commerce") {
		m, ok := p.TemplateEvent("commerce", source)
		if !ok || m.ProviderEvent == resource.NoEvent {
			t.Rows = append(t.Rows, []string{"`" + source + "`", "nothing: `provider.unsupported_event`", ""})
			continue
		}
		t.Rows = append(t.Rows, []string{"`" + source + "`", "`" + m.ProviderEvent + "`", m.Lane.String()})
	}
	return t
}

func markdown(t provider.Table) []byte {
	var b bytes.Buffer
	line := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
		}
		b.WriteString("|\n")
	}
	line(t.Head)
	rule := make([]string, len(t.Head))
	for i := range rule {
		rule[i] = "---"
	}
	line(rule)
	for _, r := range t.Rows {
		line(r)
	}
	return b.Bytes()
}
