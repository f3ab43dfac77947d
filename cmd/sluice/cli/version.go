package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionInfo is what a bug report needs to know about the binary.
type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"commit_time,omitempty"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (r *root) versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is, and what it was built from",
		Long: `Say which version this is, which commit it was built from, and with which Go.
A bug report should have it.`,
		Example: `  sluice version
  sluice version --output json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return r.printVersion(output)
		},
	}
	outputFlag(cmd, &output, "text", "json")
	return cmd
}

func (r *root) printVersion(output string) error {
	v := versionOf(r.version)
	if output == "json" {
		return printJSON(r.Out, v)
	}
	text := "sluice " + v.Version + "\n"
	if v.Commit != "" {
		modified := ""
		if v.Modified {
			modified = ", modified"
		}
		text += fmt.Sprintf("commit %s of %s%s\n", v.Commit, v.Time, modified)
	}
	text += v.Go + " " + v.Platform + "\n"
	if _, err := fmt.Fprint(r.Out, text); err != nil {
		return fmt.Errorf("writing the version: %w", err)
	}
	return nil
}

func versionOf(version string) versionInfo {
	v := versionInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
