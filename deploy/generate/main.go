// Command generate writes what deployments share with the product, so that
// nothing is declared twice: the chart's copy of topology/topics.yaml, its entry
// and the page of docs for each provider, the list of fakes, the chart's schema and README (from its values.yaml and the configuration's own
// schema), the dashboards, and the list of all metrics. `make generate` runs
// it; CI refuses a tree in which it changes anything.
package main

//go:generate go run . ../..

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate: "+err.Error())
		os.Exit(1)
	}
}

// output is one file that is made: where it stands below the root, and how.
type output struct {
	path string
	make func(root string) ([]byte, error)
}

func outputs() []output {
	const chart = "deploy/helm/sluice/"
	outputs := []output{
		{chart + "files/topology.yaml", topologyFile},
		{chart + "values.yaml", chartValues}, // first: schema and README are made from it
		{chart + "values.schema.json", valuesSchema},
		{chart + "README.md", chartReadme},
		{"docs/metrics.md", metricsPage},
	}
	outputs = append(outputs, output{"pkg/fake/sandbox/fakes/fakes.go", fakesFile})
	outputs = append(outputs, providerPages()...)
	for _, d := range dashboards() {
		outputs = append(outputs, output{chart + "files/dashboards/" + d.UID + ".json", d.render})
	}
	return outputs
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one argument, the repository's root, got %d", len(args))
	}
	for _, o := range outputs() {
		content, err := o.make(args[0])
		if err != nil {
			return fmt.Errorf("making %s: %w", o.path, err)
		}
		path := filepath.Join(args[0], filepath.FromSlash(o.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // G301: public documents
			return fmt.Errorf("writing %s: %w", o.path, err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // G306: a public document
			return fmt.Errorf("writing %s: %w", o.path, err)
		}
	}
	return nil
}
