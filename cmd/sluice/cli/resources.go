package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

func (r *root) resourcesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "resources",
		GroupID: "set",
		Short:   "Document the files that sluice apply reads",
		Long: `Document the files that sluice apply reads: destinations, mappings and policies.
docs/resources.md lists every key.`,
		Args: noCommand,
		RunE: help,
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of resource files, for editors",
		Long: `Print the JSON Schema of resource files, the keys of every provider included.
Editors use it to complete and to check; the same file is
docs/resources.schema.json.`,
		Example: `  sluice resources schema > resources.schema.json
  # then, in the first line of a file:
  # yaml-language-server: $schema=resources.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := resource.JSONSchema(boot.ResourceKeys())
			if err != nil {
				return err
			}
			if _, err := r.Out.Write(text); err != nil {
				return fmt.Errorf("writing the schema: %w", err)
			}
			return nil
		},
	})
	return cmd
}
