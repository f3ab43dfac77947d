package config

import (
	"fmt"
	"io"

	"github.com/sluicehq/sluice/pkg/core/document"
)

//go:generate go run ./schema ../../../docs/config.schema.json

// settings is the shape of the configuration: the tags of Config are the one
// declaration, everything else is made from them.
// Variables differ in one thing: they may hold secrets themselves.
var settings, variables = declare(secretReference), declare(secretOrReference)

func declare(secret func(string) (Secret, error)) *document.Schema {
	return document.Declare(Default(), document.Options{
		Lenient: true, Rules: rules, Entries: []any{defaultProvider()}, Present: presentable,
		Kinds: []document.Kind{
			document.KindOf(document.Kind{Title: "duration", Pattern: `^([0-9]+d)?([0-9.]+(ns|us|µs|ms|s|m|h))*$`, Bare: true}, ParseDuration, Duration.String),
			document.KindOf(document.Kind{Title: "size", Pattern: `^[0-9]+ ?(KiB|MiB|GiB)?$`, Types: []string{"integer", "string"}, Bare: true}, ParseBytes, Bytes.String),
			document.KindOf(document.Kind{Title: "secret", Pattern: `^(file:|env:).+$`, Secret: true}, secret, Secret.String),
		},
	})
}

// Schema gives the JSON Schema of a configuration file, for editors and for
// whoever generates such files.
func Schema() ([]byte, error) {
	return settings.JSONSchema().Bytes("Sluice configuration",
		"Made from pkg/edge/config by `make generate`. Defaults < file < environment (SLUICE_*) < flags.")
}

// Print writes a configuration as YAML that Load reads again, secrets masked.
// With comments, each setting carries what it means.
func Print(w io.Writer, c Config, comments bool) error {
	doc := settings.Node(&c, nil)
	if !comments {
		doc.Uncomment()
	}
	if _, err := w.Write(document.Write(doc)); err != nil {
		return fmt.Errorf("printing the configuration: %w", err)
	}
	return nil
}
