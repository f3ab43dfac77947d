package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

const readmeHead = `# Helm chart of Sluice

<!-- Made from values.yaml by make generate; do not edit. -->

Routers as a StatefulSet, senders as a Deployment per provider, topics and
schemas by hook jobs or as Strimzi resources, network policies, autoscaling on
the age of the oldest event, alerts and dashboards. [docs/deploy.md](../../../docs/deploy.md)
leads from a laptop to a cluster.

` + "```sh" + `
helm install sluice deploy/helm/sluice -n sluice --create-namespace -f my-values.yaml
` + "```" + `

The smallest useful values:

` + "```yaml" + `
config:
  kafka: {brokers: ["kafka-bootstrap.kafka:9092"]}
  registry: {url: "http://registry.kafka:8081"}
  redis: {address: "redis.sluice:6379"}
sender:
  providers:
    meta: {destinationSecrets: [acme-meta]}
` + "```" + `

Unknown values are refused, those under ` + "`config`" + ` included, before anything is
installed. Secrets are never values: they are named, and exist already.

`

// chartReadme lists every value, section by section.
func chartReadme(root string) ([]byte, error) {
	values, err := readValues(root)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(readmeHead)
	b.WriteString("## General\n\n")
	var sections []value
	head(&b)
	for _, v := range values {
		if len(v.Children) > 0 {
			sections = append(sections, v)
			continue
		}
		if err := row(&b, v); err != nil {
			return nil, err
		}
	}
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.Name, s.Description)
		head(&b)
		if err := rows(&b, s.Children); err != nil {
			return nil, err
		}
	}
	return []byte(b.String()), nil
}

func head(b *strings.Builder) { b.WriteString("| value | meaning | default |\n| --- | --- | --- |\n") }

func rows(b *strings.Builder, values []value) error {
	for _, v := range values {
		if len(v.Children) == 0 {
			if err := row(b, v); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(b, "| **`%s`** | %s | |\n", v.Path, v.Description)
		if err := rows(b, v.Children); err != nil {
			return err
		}
	}
	return nil
}

func row(b *strings.Builder, v value) error {
	text, err := json.Marshal(v.Default)
	if err != nil {
		return fmt.Errorf("writing the default of %s: %w", v.Path, err)
	}
	fmt.Fprintf(b, "| `%s` | %s | `%s` |\n", v.Path, v.Description, text)
	return nil
}
