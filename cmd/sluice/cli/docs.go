package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/config"
)

//go:generate go run github.com/sluicehq/sluice/cmd/sluice docs ../../../docs

// docsCommand writes the pages that are made from code. It is hidden: it is for
// `make generate`, and a test holds the pages to what it writes.
func (r *root) docsCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "docs DIR",
		Short:  "Write the generated pages of the documentation",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pages, err := generatedPages(cmd.Root())
			if err != nil {
				return err
			}
			for _, p := range pages {
				if err := os.WriteFile(filepath.Join(args[0], p.name), p.text, 0o644); err != nil { //nolint:gosec // G306: a public document
					return fmt.Errorf("writing %s: %w", p.name, err)
				}
			}
			return nil
		},
	}
}

// page is one generated file.
type page struct {
	name string
	text []byte
}

func generatedPages(root *cobra.Command) ([]page, error) {
	settings, err := configPage()
	if err != nil {
		return nil, err
	}
	resources, err := resource.JSONSchema(boot.ResourceKeys())
	if err != nil {
		return nil, err
	}
	return []page{
		{"cli.md", cliPage(root)},
		{"config.md", settings},
		{"reasons.md", reasonsPage()},
		{"resources.md", resourcesPage()},
		{"resources.schema.json", resources},
	}, nil
}

// resourcesPage lists every key of resources.
func resourcesPage() []byte {
	return []byte(`# Resources

<!-- Made from pkg/core/resource and the providers by make generate; do not edit. -->

Every key of the documents that ` + "`sluice apply`" + ` reads; [contracts.md](contracts.md#resources) explains them.
Unknown keys are refused with file, line, column and what to do. Anchors, aliases and merge keys may be used.
[resources.schema.json](resources.schema.json) lets editors complete and check; ` + "`sluice resources schema`" + ` prints it.
` + resource.Markdown(boot.ResourceKeys()))
}

// reasonsPage is the table of every reason, in the order of the gates.
func reasonsPage() []byte {
	var b bytes.Buffer
	b.WriteString(`# Reasons and statuses

<!-- Made from pkg/core/decision by make generate; do not edit. -->

Every decision has a status and a reason. Both are stable words: diagnostics,
metrics, logs and this page are made from one table, and a word never changes
its meaning. The first gate that fails decides; the order is that of this page.

`)
	last := ""
	for _, reason := range decision.Reasons() {
		info := reason.Info()
		if info.Gate != last {
			last = info.Gate
			fmt.Fprintf(&b, "%s## %s\n\n| reason | status | meaning | what to do |\n| --- | --- | --- | --- |\n", blankBefore(&b), headings[info.Gate])
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", info.Code, statusCell(info.Status), info.Sentence, info.Fix)
	}
	b.WriteString("\n## Statuses\n\n| status | meaning |\n| --- | --- |\n")
	for _, s := range decision.Statuses() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", s, statusMeanings[s])
	}
	return b.Bytes()
}

func blankBefore(b *bytes.Buffer) string {
	if bytes.HasSuffix(b.Bytes(), []byte("\n\n")) {
		return ""
	}
	return "\n"
}

func statusCell(s decision.Status) string {
	if s == decision.StatusNone {
		return "(no event)"
	}
	return "`" + s.String() + "`"
}

// headings name the gates for readers.
var headings = map[string]string{
	"capture": "Gate 1: capture", "mapping": "Gate 2: mapping", "destination": "Gate 3: destination",
	"choice": "Gate 4: the user's choice", "consent": "Gate 5: consent", "identifiers": "Gate 6: identifiers",
	"age": "Gate 7: age", "preflight": "Gate 7: provider pre-flight", "duplicate": "Gate 8: duplicates",
	"eligible": "All gates passed", "sender": "Later, at the sender", "router": "About the input topic",
	"verdict": "Later still: the provider's verdict",
}

// statusMeanings say what became of an event.
var statusMeanings = map[decision.Status]string{
	decision.Queued:       "Every gate passed; a delivery waits to be sent.",
	decision.Shadowed:     "Every gate passed; the destination is in shadow mode, so nothing is sent.",
	decision.Skipped:      "It stays inside.",
	decision.Held:         "It waits for consent and is decided again after the hold time.",
	decision.Rejected:     "The provider would refuse it, so it is not sent.",
	decision.Duplicate:    "Another record of the same event was first.",
	decision.DeadLettered: "It cannot be processed; the original stands in a dead-letter topic.",
	decision.Delivered:    "The provider accepted it.",
	decision.Retrying:     "It is tried again later.",
	decision.Parked:       "It waits until its destination is healthy.",
	decision.Expired:      "It became too old while it waited, and was not sent.",
	decision.Revoked:      "What allowed it is gone, so it was not sent.",
	decision.Confirmed:    "The provider has processed it.",
	decision.Refused:      "The provider refused it after it had accepted the batch.",
}

func configPage() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`# Configuration

<!-- Made from pkg/edge/config by make generate; do not edit. -->

Later sources win, value by value: the defaults below, then the YAML file
(` + "`--config` or `$SLUICE_CONFIG`" + `), then the environment, then flags. The variable
of a setting is its path in upper case: ` + "`router.batch.records`" + ` is
` + "`SLUICE_ROUTER_BATCH_RECORDS`" + `. Unknown keys and unknown variables with the prefix
are refused. ` + "`sluice config check`" + ` shows every problem at once,
` + "`sluice config print`" + ` what is in force, and
[config.schema.json](config.schema.json) is for editors.

Secrets are references: ` + "`file:/path`" + ` is read again when it changes, ` + "`env:NAME`" + ` is
read at start.

` + "```yaml\n")
	if err := config.Print(&b, config.Default(), true); err != nil {
		return nil, err
	}
	b.WriteString("```\n")
	return b.Bytes(), nil
}

// cliPage is the reference of every command, in the order of the help.
func cliPage(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString(`# Command line

<!-- Made from the commands' own help by make generate; do not edit. -->

Results go to standard output, everything else to standard error. Exit codes: 0
ok, 1 it started and failed, 2 the command line, the configuration or the
resources are wrong, 3 something that it needs is not there. Colours appear on a
terminal only, and never where ` + "`NO_COLOR`" + ` is set.

`)
	for _, c := range documented(root) {
		fmt.Fprintf(&b, "* [`%s`](#%s): %s\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
	}
	for _, c := range documented(root) {
		commandSection(&b, c)
	}
	return b.Bytes()
}

// documented are the commands that do something, depth first.
func documented(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, child := range c.Commands() {
		if child.Hidden || child.Name() == "help" || child.Name() == "completion" {
			continue
		}
		if len(child.Commands()) == 0 {
			all = append(all, child)
		}
		all = append(all, documented(child)...)
	}
	return all
}

func commandSection(b *bytes.Buffer, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n```\n%s\n```\n", c.CommandPath(), strings.TrimSpace(c.Long), c.UseLine())
	if c.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", unindent(c.Example))
	}
	var rows []string
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		standard := ""
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" && f.DefValue != "0" {
			standard = "`" + f.DefValue + "`"
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |", name, f.Usage, standard))
	})
	if len(rows) > 0 {
		fmt.Fprintf(b, "\n| flag | meaning | default |\n| --- | --- | --- |\n%s\n", strings.Join(rows, "\n"))
	}
}

// unindent removes the two spaces that help needs and a page does not.
func unindent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimPrefix(line, "  "))
	}
	return strings.TrimRight(b.String(), "\n")
}
