// Command schema writes the JSON Schema of the configuration to a file; it
// runs with `make generate`.
package main

import (
	"fmt"
	"os"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("writing the configuration's schema: want the file's name, got %d arguments", len(args))
	}
	text, err := config.Schema()
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[0], text, 0o644); err != nil { //nolint:gosec // G306: a public document
		return fmt.Errorf("writing the configuration's schema: %w", err)
	}
	return nil
}
