package deploy_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scaler is a rendered ScaledObject.
type scaler struct {
	name, query string
	min, max    int
	target      float64
}

func scalers(t testing.TB) map[string]scaler {
	t.Helper()
	all := map[string]scaler{}
	for document := range strings.SplitSeq(render(t, "--values", valueFiles(t)["production"]), "\n---\n") {
		if !strings.Contains(document, "kind: ScaledObject") {
			continue
		}
		one := func(pattern string) string {
			found := regexp.MustCompile(pattern).FindStringSubmatch(document)
			require.NotNil(t, found, pattern)
			return found[1]
		}
		number := func(pattern string) int {
			n, err := strconv.Atoi(one(pattern))
			require.NoError(t, err)
			return n
		}
		s := scaler{one(`(?m)^  name: (\S+)$`), one(`query: '(.*)'`), number(`minReplicaCount: (\d+)`), number(`maxReplicaCount: (\d+)`), float64(number(`threshold: "(\d+)"`))}
		all[s.name] = s
	}
	require.Len(t, all, 4)
	return all
}

// TestScalingAsksForTheRightAge evaluates the scalers' own queries: each sees
// its own stage, provider and namespace, and no sender's sees what is parked.
func TestScalingAsksForTheRightAge(t *testing.T) {
	t.Parallel()
	series := []string{
		`{series: 'sluice_oldest_age_seconds{namespace="sluice",pod="sluice-router-0",stage="router"}', values: '5x10'}`,
		`{series: 'sluice_oldest_age_seconds{namespace="sluice",pod="sluice-router-1",stage="router"}', values: '90x10'}`,
		`{series: 'sluice_oldest_age_seconds{namespace="sluice",pod="sluice-router-1",stage="hold"}', values: '4000x10'}`,
		`{series: 'sluice_oldest_age_seconds{namespace="other",pod="sluice-router-0",stage="router"}', values: '7777x10'}`,
		`{series: 'sluice_oldest_age_seconds{namespace="sluice",pod="sluice-sender-meta-abc-1",stage="sender",provider="meta"}', values: '40x10'}`,
		`{series: 'sluice_oldest_age_seconds{namespace="sluice",pod="sluice-sender-meta-abc-1",stage="parked",provider="meta"}', values: '500000x10'}`,
		`{series: 'sluice_oldest_age_seconds{namespace="sluice",pod="sluice-sender-google-abc-1",stage="sender",provider="google"}', values: '3x10'}`,
		`{series: 'sluice_oldest_age_seconds{namespace="sluice",pod="sluice-sender-webhook-abc-1",stage="sender",provider="webhook"}', values: '2x10'}`,
	}
	want := map[string]int{"sluice-router": 90, "sluice-sender-meta": 40, "sluice-sender-google": 3, "sluice-sender-webhook": 2}
	text := "evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n"
	for _, s := range series {
		text += "      - " + s + "\n"
	}
	text += "    promql_expr_test:\n"
	for name, s := range scalers(t) {
		text += fmt.Sprintf("      - {expr: '%s', eval_time: 5m, exp_samples: [{labels: '{}', value: %d}]}\n", s.query, want[name])
	}
	path := filepath.Join(t.TempDir(), "queries.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	succeed(t, tool(t, "promtool"), "test", "rules", path)
}

// simulated is a queue with as many servers as an autoscaler decides: the
// formula and the limits of the chart (double a minute at most, down by one
// every two minutes after ten quiet minutes), in steps of a second.
type simulated struct {
	scaler   scaler
	perPod   float64 // events a second
	pods     int
	arrived  []float64 // by second, added up
	served   float64
	wishes   []int
	lastUp   int
	lastDown int
}

// step lets one second pass and gives the age of the oldest waiting event.
func (s *simulated) step(arrivals float64) (age float64) {
	now, total := len(s.arrived), arrivals
	if now > 0 {
		total += s.arrived[now-1]
	}
	s.arrived = append(s.arrived, total)
	s.served = math.Min(total, s.served+s.perPod*float64(s.pods))
	for oldest := now; oldest >= 0 && s.arrived[oldest] > s.served; oldest-- {
		age = float64(now - oldest + 1)
	}
	if now%15 == 0 {
		s.scale(now, age)
	}
	return age
}

// scale is what Kubernetes does with a metric of type Value.
func (s *simulated) scale(now int, age float64) {
	ratio, wish := age/s.scaler.target, s.pods
	if math.Abs(ratio-1) > 0.1 {
		wish = int(math.Ceil(float64(s.pods) * ratio))
	}
	wish = max(s.scaler.min, min(s.scaler.max, wish))
	s.wishes = append(s.wishes, wish)
	quiet := s.wishes[max(0, len(s.wishes)-600/15):]
	highest := 0
	for _, w := range quiet {
		highest = max(highest, w)
	}
	switch {
	case wish > s.pods && now-s.lastUp >= 60:
		s.pods, s.lastUp = min(wish, 2*s.pods), now
	case highest < s.pods && now-s.lastDown >= 120:
		s.pods, s.lastDown = s.pods-1, now
	}
}

// TestScalingFollowsTheBacklog: four times the ordinary traffic for twenty
// minutes makes pods, the backlog goes, and so do the pods.
func TestScalingFollowsTheBacklog(t *testing.T) {
	t.Parallel()
	s := &simulated{scaler: scalers(t)["sluice-sender-meta"], perPod: 60}
	s.pods = s.scaler.min
	most, oldest := 0, 0.0
	for second := range 3 * 3600 {
		arrivals := 100.0
		if second >= 600 && second < 1800 {
			arrivals = 400
		}
		age := s.step(arrivals)
		if second < 600 {
			require.Equal(t, s.scaler.min, s.pods, "ordinary traffic needs no more")
		}
		most, oldest = max(most, s.pods), math.Max(oldest, age)
	}
	t.Logf("at most %d pods, oldest event %.0f s", most, oldest)
	assert.GreaterOrEqual(t, most, 7, "enough for 400 a second at 60 each")
	assert.LessOrEqual(t, most, s.scaler.max)
	assert.Less(t, oldest, 900.0, "the alert SluiceDeliveriesWait stays quiet")
	assert.Equal(t, s.scaler.min, s.pods, "the backlog is gone, and so are the pods")
}

// TestScalingIgnoresABlockedDestination: the pipeline itself, with a
// destination without credentials. Its deliveries are parked and grow old
// there; the age that senders scale on does not.
func TestScalingIgnoresABlockedDestination(t *testing.T) {
	t.Parallel()
	w := startWorld(t)
	sender := w.roles[1].admin()
	w.emit(t, 40)
	eventually(t, "both providers to have got something", func() bool {
		return metricOf(t, sender, `sluice_delivery_attempts_total{class="accepted"`, `"acme-meta"`) > 0 &&
			metricOf(t, sender, `sluice_delivery_attempts_total{class="accepted"`, `"acme-google"`) > 0
	})
	// The token is revoked: the sandbox refuses from now on, as Meta would.
	w.block(t, "meta")
	w.emit(t, 40)
	eventually(t, "the destination to be blocked and its deliveries to grow old", func() bool {
		return metricOf(t, sender, "sluice_destination_state{", `"acme-meta"`, `"blocked"`) == 1 &&
			metricOf(t, sender, "sluice_oldest_age_seconds{", `"meta"`, `"parked"`) > 8
	})
	assert.Less(t, metricOf(t, sender, "sluice_oldest_age_seconds{", `"meta"`, `"sender"`), 5.0)
}

// metricOf adds up the series of a scrape that contain all of these words.
func metricOf(t testing.TB, admin string, words ...string) float64 {
	t.Helper()
	_, body := get(t, admin+"/metrics")
	sum := 0.0
next:
	for line := range strings.Lines(body) {
		for _, w := range words {
			if !strings.Contains(line, w) || strings.HasPrefix(line, "#") {
				continue next
			}
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, '}')+1:]), 64)
		require.NoError(t, err, line)
		sum += v
	}
	return sum
}
