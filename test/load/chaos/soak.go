package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// SoakCommand is "loadgen soak": hours instead of minutes, and a plot.
func SoakCommand() *cobra.Command {
	o := Options{None: true, Duration: time.Hour}
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Run for an hour and plot memory, goroutines, sockets and lag",
		Long: `Does what verify does for as long as you say, and writes every second what each
process uses and how old its oldest work is: soak.csv for a spreadsheet, and
soak.svg to look at. It fails where memory, goroutines or sockets grow from the
second quarter to the last.`,
		Example: `  loadgen soak --duration 1h
  loadgen soak --duration 10m --faults kill-random,provider-down --dir /tmp/soak`,
		Args: cobra.NoArgs,
	}
	format := addCommon(cmd, &o)
	cmd.Flags().StringVar(&o.Plot, "dir", ".", "folder for soak.csv and soak.svg")
	cmd.Flags().StringSliceVar(&o.Only, "faults", nil, "break these things meanwhile (default: none)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.None = len(o.Only) == 0
		return execute(cmd, o, *format)
	}
	return cmd
}

// sample is one measurement of one process.
type sample struct {
	at         float64 // seconds
	name       string  // slot
	rss        float64 // MiB
	sockets    float64
	goroutines float64
	lag        float64 // seconds, of the installation
}

// soak samples every process until ctx ends.
func (r *run) soak(ctx context.Context) {
	addresses := map[string]string{}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		lag := r.ledger.Oldest().Seconds()
		for _, p := range r.fleet.running() {
			u, ok := usage(p.PID())
			if !ok {
				continue
			}
			if addresses[p.ID] == "" {
				addresses[p.ID] = r.fleet.adminAddress(p.ID)
			}
			r.samples = append(r.samples, sample{
				at: time.Since(r.began).Seconds(), name: p.Name, rss: float64(u.RSS) / (1 << 20), sockets: float64(u.Sockets),
				goroutines: goroutinesOf(ctx, addresses[p.ID]), lag: lag,
			})
		}
	}
}

// goroutinesOf asks a process how many it has; 0 where it does not answer.
func goroutinesOf(ctx context.Context, address string) float64 {
	if address == "" {
		return 0
	}
	metrics, err := get(ctx, "http://"+address+"/metrics")
	if err != nil {
		return 0
	}
	return goroutines(metrics)
}

// goroutines finds the number of them among a process's metrics.
func goroutines(metrics []byte) float64 {
	for l := range bytes.Lines(metrics) {
		if rest, ok := bytes.CutPrefix(l, []byte("go_goroutines ")); ok {
			if n, err := strconv.ParseFloat(string(bytes.TrimSpace(rest)), 64); err == nil {
				return n
			}
		}
	}
	return 0
}

// figure is one of the curves.
type figure struct {
	name  string
	value func(sample) float64
	// slack is how much it may grow beside a quarter of what it was.
	slack float64
}

func figures() []figure {
	return []figure{
		{"memory, MiB", func(s sample) float64 { return s.rss }, 16},
		{"goroutines", func(s sample) float64 { return s.goroutines }, 20},
		{"sockets", func(s sample) float64 { return s.sockets }, 20},
	}
}

// growth says what is not flat: the mean of the last quarter held against that
// of the second, for processes that were not restarted.
func growth(samples []sample, until float64) []string {
	var problems []string
	for _, f := range figures() {
		type mean struct{ sum, n float64 }
		before, after := map[string]mean{}, map[string]mean{}
		for _, s := range samples {
			quarter := map[bool]map[string]mean{s.at >= until/4 && s.at < until/2: before, s.at >= until*3/4 && s.at < until: after}[true]
			if quarter == nil {
				continue
			}
			m := quarter[s.name]
			quarter[s.name] = mean{m.sum + f.value(s), m.n + 1}
		}
		for name, b := range before {
			a := after[name]
			if b.n < 5 || a.n < 5 {
				continue
			}
			was, is := b.sum/b.n, a.sum/a.n
			if is > was*1.25+f.slack {
				problems = append(problems, fmt.Sprintf("%s of %s grew from %.0f to %.0f", f.name, name, was, is))
			}
		}
	}
	return problems
}

// plot writes the samples as soak.csv and soak.svg.
func plot(dir string, samples []sample) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making the folder of the plot: %w", err)
	}
	var text bytes.Buffer
	text.WriteString("seconds,process,memory_mib,sockets,goroutines,lag_seconds\n")
	for _, s := range samples {
		fmt.Fprintf(&text, "%.1f,%s,%.1f,%.0f,%.0f,%.2f\n", s.at, s.name, s.rss, s.sockets, s.goroutines, s.lag)
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "soak.csv"), text.Bytes(), 0o600),
		os.WriteFile(filepath.Join(dir, "soak.svg"), drawing(samples), 0o600),
	)
}

// The measures of the drawing, in its own units.
const (
	width, height, margin = 900.0, 160.0, 40.0
)

// drawing is one small chart per figure, one line per process.
func drawing(samples []sample) []byte {
	colours := map[string]string{routerA: "#1f77b4", routerB: "#17becf", senderA: "#d62728", senderB: "#ff7f0e"}
	charts := append(figures(), figure{name: "age of the oldest undecided event, s", value: func(s sample) float64 { return s.lag }})
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", width+2*margin, float64(len(charts))*(height+2*margin))
	end := 1.0
	for _, s := range samples {
		end = max(end, s.at)
	}
	for i, f := range charts {
		top, most := float64(i)*(height+2*margin)+margin, 1.0
		for _, s := range samples {
			most = max(most, f.value(s))
		}
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f">%s (top: %.1f), %.0f s</text>`+"\n", margin, top-8, f.name, most, end)
		fmt.Fprintf(&b, `<rect x="%.0f" y="%.0f" width="%.0f" height="%.0f" fill="none" stroke="#ccc"/>`+"\n", margin, top, width, height)
		for name, colour := range colours {
			fmt.Fprintf(&b, `<polyline fill="none" stroke=%q points="`, colour)
			for _, s := range samples {
				if s.name == name {
					fmt.Fprintf(&b, "%.1f,%.1f ", margin+s.at/end*width, top+height-f.value(s)/most*height)
				}
			}
			fmt.Fprintf(&b, "\"><title>%s</title></polyline>\n", name)
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
