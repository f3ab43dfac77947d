package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// rates counts decisions instead of showing them. It is added to and told by
// two goroutines.
type rates struct {
	paint painter
	json  bool

	mu     sync.Mutex
	counts map[rateKey]int
	// first and last are the decisions' own times, epoch ms.
	first, last int64
}

// rateKey is a destination, or a customer where no destination was reached.
type rateKey struct {
	customer, destination string
	status                decision.Status
}

func newRates(p painter, json bool) *rates {
	return &rates{paint: p, json: json, counts: map[rateKey]int{}}
}

// add counts a decision.
func (r *rates) add(d *decision.Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Strings of a decision are valid until the next one is read.
	r.counts[rateKey{strings.Clone(d.CustomerID), strings.Clone(d.DestinationID), d.Status}]++
	if r.first == 0 || d.Time < r.first {
		r.first = d.Time
	}
	r.last = max(r.last, d.Time)
}

// span is the time between the first decision and the last.
func (r *rates) span() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Duration(r.last-r.first) * time.Millisecond
}

// rateAnswer is the JSON form of one interval, a public contract.
type rateAnswer struct {
	Time    string    `json:"time"`
	Seconds float64   `json:"seconds"`
	Rates   []rateRow `json:"rates"`
}

type rateRow struct {
	CustomerID    string  `json:"customer_id"`
	DestinationID string  `json:"destination_id"`
	Status        string  `json:"status"`
	Events        int     `json:"events"`
	PerSecond     float64 `json:"per_second"`
}

// take gives what was counted since it was last asked.
func (r *rates) take(now time.Time, over time.Duration) rateAnswer {
	r.mu.Lock()
	counts := r.counts
	r.counts = map[rateKey]int{}
	r.mu.Unlock()
	seconds := max(over, time.Second).Seconds()
	a := rateAnswer{Time: now.UTC().Format(time.RFC3339), Seconds: seconds, Rates: []rateRow{}}
	for k, n := range counts {
		a.Rates = append(a.Rates, rateRow{k.customer, k.destination, k.status.String(), n, float64(n) / seconds})
	}
	slices.SortFunc(a.Rates, func(x, y rateRow) int {
		return cmp.Or(cmp.Compare(x.CustomerID, y.CustomerID), cmp.Compare(x.DestinationID, y.DestinationID), cmp.Compare(y.Events, x.Events), cmp.Compare(x.Status, y.Status))
	})
	return a
}

// tell writes one interval and flushes it.
func (r *rates) tell(out *bufio.Writer, now time.Time, over time.Duration) error {
	a := r.take(now, over)
	if r.json {
		if err := printJSON(out, a); err != nil {
			return err
		}
		return out.Flush()
	}
	at := now.UTC().Format("15:04:05")
	var lines []string
	last, length := "", 0
	for _, row := range a.Rates {
		where := cmp.Or(row.DestinationID, row.CustomerID, "unreadable records")
		rate := " " + strconv.FormatFloat(row.PerSecond, 'f', 1, 64) + "/s"
		more := len(row.Status) + len(rate)
		text := r.paint.status(row.Status, row.Status) + rate
		switch {
		case where != last:
			name := fmt.Sprintf("%-20s ", where)
			lines = append(lines, r.paint.faint(at)+" "+name+text)
			last, length = where, len(at)+1+len(name)+more
		case length+2+more >= width: // room for a comma
			const indent = 30
			lines[len(lines)-1] += ","
			lines = append(lines, strings.Repeat(" ", indent)+text)
			length = indent + more
		default:
			lines[len(lines)-1] += ", " + text
			length += 2 + more
		}
	}
	if len(lines) == 0 {
		lines = []string{r.paint.faint(at) + " nothing was decided"}
	}
	if _, err := out.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		return fmt.Errorf("writing rates: %w", err)
	}
	return out.Flush()
}
