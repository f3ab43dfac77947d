//go:build production

package cli

import "github.com/spf13/cobra"

// A production build has no fakes of providers, Kafka, Schema Registry or
// Redis: its binary can send to real providers only. The commands that need
// them stay in the list and say so.

func (r *root) demoCommand() *cobra.Command    { return withoutFakes("demo") }
func (r *root) sandboxCommand() *cobra.Command { return withoutFakes("sandbox") }

func withoutFakes(name string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		GroupID:            "try",
		Short:              "Not in this build",
		Long:               "This is a production build: it has no fakes of providers and services.\n" + insteadOfFakes,
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return usagef("sluice %s: this is a production build, without fakes of providers and services\n  fix: %s", name, insteadOfFakes)
		},
	}
}

const insteadOfFakes = "use a binary that is built without the tag production (make build, or docker build --build-arg TAGS= .)"
