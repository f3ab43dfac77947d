package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/edge/config"
)

func (r *root) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		GroupID: "set",
		Short:   "Check, print and document the configuration",
		Long: `Check, print and document the configuration: how this installation reaches
Kafka, the Schema Registry and Redis, and how its roles work. Destinations,
mappings and policies are not configuration; see sluice apply.

Later sources win: defaults, the YAML file (--config or $SLUICE_CONFIG), the
environment (SLUICE_ROUTER_BATCH_RECORDS is router.batch.records), flags.`,
		Args: noCommand,
		RunE: help,
	}
	cmd.AddCommand(r.configCheckCommand(), r.configPrintCommand(), r.configSchemaCommand())
	return cmd
}

// help shows a group of commands what it has.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// noCommand refuses a word behind a group of commands that is none of them.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	if near := document.Nearest(args[0], names); near != "" {
		return usagef("unknown command %q for %q; did you mean %s?", args[0], cmd.CommandPath(), near)
	}
	return usagef("unknown command %q for %q", args[0], cmd.CommandPath())
}

func (r *root) configCheckCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say whether the configuration is valid; all problems at once",
		Long: `Say whether the configuration is valid. Every problem is shown at once, with
where it was written, the rule, the value and the fix. Nothing is connected to.`,
		Example: `  sluice config check --config sluice.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := r.load()
			if err == nil {
				r.hintSecrets(cfg.Sender.SecretsDir)
			}
			if output == "json" {
				return r.checkedJSON(err)
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(r.Out, "the configuration is valid")
			return nil
		},
	}
	outputFlag(cmd, &output, "text", "json")
	r.connecting(cmd)
	return cmd
}

// hintSecrets says when this machine has no folder of secrets. That is no
// problem of the configuration: only senders read it, perhaps on others.
func (r *root) hintSecrets(dir string) {
	if dir == "" {
		return
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		fmt.Fprintf(r.Err, "note: no folder %s on this machine; senders look there for references such as file:NAME.json (sender.secrets_dir names it)\n", dir)
	}
}

// checkedJSON prints the problems as data, and still fails.
func (r *root) checkedJSON(err error) error {
	problems := config.Problems{}
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	out := struct {
		OK       bool            `json:"ok"`
		Problems config.Problems `json:"problems"`
	}{OK: err == nil, Problems: problems}
	if printing := printJSON(r.Out, out); printing != nil {
		return printing
	}
	if err != nil {
		return silent{code: exitUsage}
	}
	return nil
}

func (r *root) configPrintCommand() *cobra.Command {
	var comments bool
	cmd := &cobra.Command{
		Use:   "print",
		Short: "Print the configuration in force, secrets masked",
		Long: `Print the configuration in force as YAML: defaults, file, environment and flags
joined. Secrets are masked; references to them are shown. With --comments every
setting says what it means, which makes a good first file.`,
		Example: `  sluice config print --comments > sluice.yaml
  SLUICE_ROUTER_SESSIONS=4 sluice config print --config sluice.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := r.load()
			if err != nil {
				return err
			}
			return config.Print(r.Out, cfg, comments)
		},
	}
	cmd.Flags().BoolVar(&comments, "comments", false, "say what each setting means")
	r.connecting(cmd)
	return cmd
}

func (r *root) configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of configuration files, for editors",
		Long: `Print the JSON Schema of configuration files. Editors use it to complete and to
check; the same file is docs/config.schema.json.`,
		Example: `  sluice config schema > sluice.schema.json
  # then, in the first line of sluice.yaml:
  # yaml-language-server: $schema=sluice.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := config.Schema()
			if err != nil {
				return err
			}
			if _, err := r.Out.Write(text); err != nil {
				return fmt.Errorf("writing the schema: %w", err)
			}
			return nil
		},
	}
}
