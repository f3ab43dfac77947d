package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

type exportFlags struct {
	dir       string
	overwrite bool
}

// exportFile is the file that export writes into a folder.
const exportFile = "resources.yaml"

func (r *root) exportCommand() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:     "export [-f DIR]",
		GroupID: "set",
		Short:   "Write what is applied as YAML that applies cleanly",
		Long: `Write what is applied now as YAML: to standard output, or to resources.yaml in a
folder. Applying it again changes nothing. Every mapping is a document of its
own, because the topics do not say how mappings were grouped in files.

Nothing secret is written: destinations hold references to secrets only.`,
		Example: `  sluice export > backup.yaml
  sluice export -f resources/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.export(cmd.Context(), &f) },
	}
	cmd.Flags().StringVarP(&f.dir, "file", "f", "", "folder to write "+exportFile+" into (default: standard output)")
	cmd.Flags().BoolVar(&f.overwrite, "overwrite", false, "replace a "+exportFile+" that is there")
	_ = cmd.MarkFlagDirname("file")
	r.connecting(cmd)
	return cmd
}

func (r *root) export(ctx context.Context, f *exportFlags) error {
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	current, problems, err := boot.Applier(env).Current(ctx)
	if err != nil {
		return err
	}
	r.notes(problems)
	text := resource.Export(current)
	if f.dir == "" {
		if _, err := r.Out.Write(text); err != nil {
			return fmt.Errorf("writing resources: %w", err)
		}
		return nil
	}
	return r.exportTo(f, text, len(current.Destinations)+len(current.Mappings)+len(current.Policies))
}

func (r *root) exportTo(f *exportFlags, text []byte, n int) error {
	if err := os.MkdirAll(f.dir, 0o750); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	name := filepath.Join(f.dir, exportFile)
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.overwrite {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(name, flags, 0o640) //nolint:gosec // G302: resources are shared with the team and hold no secrets
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s is there already; use --overwrite, or another folder", name)
	}
	if err != nil {
		return fmt.Errorf("making the file: %w", err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	fmt.Fprintf(r.Err, "wrote %s to %s\n", count(n, "resource"), name)
	return nil
}
