package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/edge/admin"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// readyWithin bounds the question; who asks every few seconds must not pile up.
const readyWithin = 3 * time.Second

func (r *root) readyCommand() *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use:     "ready",
		GroupID: "run",
		Short:   "Ask a role on this machine whether it can do its work",
		Long: `Asks the /readyz of a role that runs on this machine under the same
configuration (admin.listen), and ends with exit code 0 where it is ready, and 3
where it is not, with what is missing. For health checks of containers: the image
has no shell and no other program. With --url it asks another address, such as
the sandbox's, and any answer with status 200 counts.`,
		Example: `  sluice ready --config sluice.yaml
  sluice ready --url http://127.0.0.1:9999/_sandbox/report`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if url == "" {
				var err error
				if url, err = r.readyURL(); err != nil {
					return err
				}
			}
			if err := askReady(cmd.Context(), url); err != nil {
				return err
			}
			_, err := fmt.Fprintln(r.Out, "ready")
			return err
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "what to ask (default: /readyz at admin.listen)")
	r.connecting(cmd)
	return cmd
}

// readyURL is where a role with this configuration listens, as seen from the
// same machine.
func (r *root) readyURL() (string, error) {
	cfg, err := r.load()
	if err != nil {
		return "", err
	}
	if cfg.Admin.Listen == admin.Off {
		return "", usagef("admin.listen is off: nobody can be asked; set it (SLUICE_ADMIN_LISTEN), or give --url")
	}
	host, port, err := net.SplitHostPort(cfg.Admin.Listen)
	if err != nil {
		return "", usage(fmt.Errorf("reading admin.listen: %w", err))
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // it listens everywhere, here too
	}
	return "http://" + net.JoinHostPort(host, port) + "/readyz", nil
}

func askReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return usage(fmt.Errorf("reading --url: %w", err))
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return &unready.Error{What: "nobody answers", Err: err, Fix: "start the role, or ask where it listens (admin.listen, --url)"}
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	if response.StatusCode == http.StatusOK {
		return nil
	}
	var said struct {
		Checks []admin.Check `json:"checks"`
	}
	missing := []string{response.Status}
	// An answer that is not ours says no more than its status.
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&said); err == nil {
		for _, c := range said.Checks {
			if !c.OK {
				missing = append(missing, strings.TrimSpace(c.Name+" "+c.Detail))
			}
		}
	}
	return &unready.Error{What: "not ready: " + strings.Join(missing, "; "), Fix: "see docs/operations.md, section When something is wrong"}
}
