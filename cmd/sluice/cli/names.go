package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// completionTimeout bounds how long a shell waits for names. A cluster that
// does not answer by then completes nothing.
const completionTimeout = 3 * time.Second

// completeDestinations lets a shell offer the destinations that are applied,
// one of them or several separated by commas.
func (r *root) completeDestinations(cmd *cobra.Command, flag string) { //nolint:unparam // each command names the flag that it completes
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
		names := r.appliedDestinations(cmd.Context())
		if before, several := beforeLast(start, ","); several {
			for i, name := range names {
				names[i] = before + "," + name
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

// appliedDestinations are the names of what is applied; none where that cannot
// be found out in time.
func (r *root) appliedDestinations(parent context.Context) []string {
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, completionTimeout)
	defer cancel()
	env, err := r.tool()
	if err != nil {
		return nil
	}
	defer closing(r, env)
	names, err := destinationNames(ctx, env)
	if err != nil {
		return nil
	}
	return names
}

// appliedNames are the names of every resource that is applied.
func (r *root) appliedNames(parent context.Context) []string {
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, completionTimeout)
	defer cancel()
	env, err := r.tool()
	if err != nil {
		return nil
	}
	defer closing(r, env)
	known, err := boot.Changelog(env).Known(ctx)
	if err != nil {
		return nil
	}
	return known
}

func destinationNames(ctx context.Context, env *boot.Env) ([]string, error) {
	resources, _, err := boot.Applier(env).Current(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range resources.Destinations {
		names = append(names, d.ID)
	}
	slices.Sort(names)
	return names, nil
}

// unknownDestination says that a name is not applied, and which one was meant.
func unknownDestination(name string, known []string) error {
	if near := document.Nearest(name, known); near != "" {
		return usagef("no destination is called %s; did you mean %s?", name, near)
	}
	if len(known) == 0 {
		return usagef("no destination is called %s: none is applied", name)
	}
	return usagef("no destination is called %s; there are %s", name, strings.Join(known, ", "))
}

// hintDestinations names what may have been meant by destinations that are not
// applied; empty where all are. History outlives resources, so that an unknown
// name is no error there.
func (r *root) hintDestinations(ctx context.Context, env *boot.Env, names []string) string {
	if len(names) == 0 {
		return ""
	}
	known, err := destinationNames(ctx, env)
	if err != nil {
		return ""
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return unknownDestination(name, known).Error()
		}
	}
	return ""
}

// hintCustomers names what may have been meant by customers that own no
// destination; empty where all do. Consent and history know more customers, so
// that an unknown name is no error there.
func (r *root) hintCustomers(ctx context.Context, env *boot.Env, names ...string) string {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "" })
	if len(names) == 0 {
		return ""
	}
	resources, _, err := boot.Applier(env).Current(ctx)
	if err != nil {
		return ""
	}
	var known []string
	for _, d := range resources.Destinations {
		known = append(known, d.Customer)
	}
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		text := "no destination belongs to customer " + name
		if near := document.Nearest(name, known); near != "" {
			text += "; did you mean " + near + "?"
		}
		return text
	}
	return ""
}

// knownCustomers refuses a customer that no resource names: what is written for a
// misspelt one would look like a revocation and stop nothing.
func knownCustomers(ctx context.Context, env *boot.Env, flag string, names ...string) error {
	resources, _, err := boot.Applier(env).Current(ctx)
	if err != nil {
		return err
	}
	var known []string
	for _, d := range resources.Destinations {
		known = append(known, d.Customer)
	}
	for _, p := range resources.Policies {
		if p.Customer != "" {
			known = append(known, p.Customer)
		}
	}
	slices.Sort(known)
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		text := "no resource names a customer " + terminal.Escaped(name)
		if near := document.Nearest(name, slices.Compact(slices.Clone(known))); near != "" {
			text += "; did you mean " + near + "?"
		}
		return usagef("%s: nothing was written\n  fix: correct %s, or give --yes for a customer that has no resources yet", text, flag)
	}
	return nil
}

// noteCustomer says on stderr that a customer owns no destination: no answer about
// a misspelt one would look like an answer.
func (r *root) noteCustomer(ctx context.Context, env *boot.Env, name string) {
	if hint := r.hintCustomers(ctx, env, name); hint != "" {
		_, _ = fmt.Fprintln(r.Err, "note: "+hint)
	}
}

// beforeLast is what stands before the last separator of a word.
func beforeLast(text, separator string) (before string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], true
	}
	return "", false
}
