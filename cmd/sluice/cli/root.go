// Package cli is the command line: one file per command, one printer, one
// place where errors become exit codes. Commands parse flags, call something
// that does the work, and print what it returned.
package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/config"
)

// Streams are where a command reads and writes. Results go to Out, everything
// else to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Alone: nobody else works in this process, whose collector a command may
	// tune.
	Alone bool
}

// root is what every command shares.
type root struct {
	Streams
	version string
	environ []string

	configFile string
	flags      []*connectFlag
	// started: the command line was understood and the command runs.
	started bool
}

// connectFlag is a flag that stands for a setting.
type connectFlag struct {
	name, path, help string
	value            string
}

// Main runs one command line and returns its exit code.
func Main(ctx context.Context, streams Streams, version string, args, environ []string) int {
	r := &root{Streams: streams, version: version, environ: environ}
	cmd := r.command()
	cmd.SetArgs(append([]string{}, args...)) // nil would be those of the process
	cmd.SetIn(streams.In)
	cmd.SetOut(streams.Out)
	cmd.SetErr(streams.Err)
	ran, err := cmd.ExecuteContextC(ctx)
	if err != nil && !r.started {
		err = usage(withExample(ran, err)) // cobra refused the command line
	}
	return r.exit(err)
}

// noteStart makes every command note that it has started: what fails before is
// a mistake in the command line, whatever words cobra has for it.
func (r *root) noteStart(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			r.started = true
			return run(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		r.noteStart(c)
	}
}

func (r *root) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sluice",
		Short: "Route selected conversion signals to advertising destinations, and nothing else",
		Long: `Sluice reads analytics events from Kafka and delivers the selected ones to the
advertising destinations that a customer owns. Nothing leaves by default: an
event is delivered only when every gate passes, and every decision is published
with its reason.

Start with "sluice demo": the whole pipeline in this process, nothing to install.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       r.version,
	}
	cmd.SetVersionTemplate("sluice {{.Version}}\n")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(nearFlag(cmd, err)) })
	cmd.AddGroup(
		&cobra.Group{ID: "try", Title: "Try it:"},
		&cobra.Group{ID: "run", Title: "Run it:"},
		&cobra.Group{ID: "set", Title: "Set it up:"},
		&cobra.Group{ID: "see", Title: "See what happens:"},
		&cobra.Group{ID: "mend", Title: "Mend it:"},
	)
	cmd.AddCommand(
		r.demoCommand(), r.explainCommand(), r.emitCommand(), r.testEventCommand(), r.sandboxCommand(),
		r.runCommand(), r.routerCommand(), r.senderCommand(), r.readyCommand(),
		r.applyCommand(), r.diffCommand(), r.exportCommand(), r.topologyCommand(), r.schemasCommand(), r.configCommand(), r.resourcesCommand(),
		r.tailCommand(), r.traceCommand(), r.versionCommand(), r.docsCommand(),
		r.healthCommand(), r.destinationsCommand(), r.historyCommand(),
		r.replayCommand(), r.dlqCommand(), r.consentCommand(), r.claimsCommand(), r.doctorCommand(), r.reconcileCommand(), r.dataFlowCommand(), r.recordCommand(),
	)
	r.noteStart(cmd)
	return cmd
}

// connecting adds the flags of every command that connects to something.
func (r *root) connecting(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.configFile, "config", "", "configuration file (default: $SLUICE_CONFIG, else built-in defaults)")
	for _, f := range []*connectFlag{
		{name: "brokers", path: "kafka.brokers", help: "Kafka seed brokers, host:port separated by commas"},
		{name: "registry", path: "registry.url", help: "Schema Registry URL"},
		{name: "redis", path: "redis.address", help: "Redis address, host:port"},
	} {
		r.flags = append(r.flags, f)
		cmd.Flags().StringVar(&f.value, f.name, "", f.help)
	}
}

// load reads the configuration of a command that connects.
func (r *root) load() (config.Config, error) {
	file := r.configFile
	if file == "" {
		file = lookup(r.environ, "SLUICE_CONFIG")
	}
	sources := config.Sources{File: file, Environ: r.environ}
	for _, f := range r.flags {
		if f.value != "" {
			sources.Set = append(sources.Set, config.Setting{Path: f.path, Value: f.value, Flag: "--" + f.name})
		}
	}
	cfg, err := config.Load(sources)
	return cfg, usage(err)
}

// env opens what a command needs, lazily; the caller closes it.
func (r *root) env() (*boot.Env, error) {
	cfg, err := r.load()
	if err != nil {
		return nil, err
	}
	return boot.NewEnv(cfg, boot.Options{Version: r.version, Log: r.Err})
}

// tool is env for commands that do one thing and end: their log is text, and
// says only what failed, unless somebody asked for debug messages. What the
// Kafka client tries in vain is told by the error in the end.
func (r *root) tool() (*boot.Env, error) {
	cfg, err := r.load()
	if err != nil {
		return nil, err
	}
	cfg.Telemetry.Log.Format = "text"
	if cfg.Telemetry.Log.Level != "debug" {
		cfg.Telemetry.Log.Level = "error"
	}
	return boot.NewEnv(cfg, boot.Options{Version: r.version, Log: r.Err})
}

func lookup(environ []string, name string) string {
	for _, v := range environ {
		if len(v) > len(name) && v[:len(name)] == name && v[len(name)] == '=' {
			return v[len(name)+1:]
		}
	}
	return ""
}
