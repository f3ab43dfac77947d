package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

var (
	alertsFile = filepath.Join(chart, "files", "alerts.yaml")
	alertTests = filepath.Join(root, "deploy", "alerts", "alerts_test.yaml")
)

func rules(t testing.TB) []rule {
	t.Helper()
	text, err := os.ReadFile(alertsFile)
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.UnmarshalWithOptions(text, &file, yaml.Strict()))
	var all []rule
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	require.GreaterOrEqual(t, len(all), 15)
	return all
}

// TestAlertsTellWhoAndWhat: whoever is woken finds whose it is and what to do.
func TestAlertsTellWhoAndWhat(t *testing.T) {
	t.Parallel()
	const runbooks = "https://github.com/sluicehq/sluice/blob/main/"
	for _, r := range rules(t) {
		assert.Contains(t, []string{"page", "ticket"}, r.Labels["severity"], r.Alert)
		owners := []string{"platform", "destination"}
		if strings.Contains(r.Expr, "owner") {
			// The monitor knows whose a destination is.
			owners = []string{`{{ or $labels.owner "destination" }}`}
			assert.Equal(t, "{{ $labels.runbook }}", r.Annotations["destination_runbook_url"], r.Alert)
		}
		assert.Contains(t, owners, r.Labels["owner"], r.Alert)
		assert.NotEmpty(t, r.Annotations["summary"], r.Alert)
		assert.NotEmpty(t, r.Annotations["description"], r.Alert)
		path, ok := strings.CutPrefix(r.Annotations["runbook_url"], runbooks)
		assert.True(t, ok, "%s: %s", r.Alert, r.Annotations["runbook_url"])
		page, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		require.NoError(t, err, "%s links to a runbook that is not there", r.Alert)
		assert.Contains(t, string(page), "`"+r.Alert+"`", "%s does not speak of the alert that leads to it", path)
		if r.Labels["owner"] != "platform" && !strings.Contains(r.Expr, "stage=") {
			assert.Contains(t, r.Expr, "destination", "%s says nothing about which destination", r.Alert)
		}
	}
}

// TestAlertsFireWhenTheyShould runs promtool's own checks and unit tests. Each
// alert has a case in which it fires.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	succeed(t, tool(t, "promtool"), "check", "rules", "--lint=all", "--lint-fatal", alertsFile)
	succeed(t, tool(t, "promtool"), "test", "rules", alertTests)
	text, err := os.ReadFile(alertTests)
	require.NoError(t, err)
	var file struct {
		Tests []struct {
			Alerts []struct {
				Name     string `yaml:"alertname"`
				Expected []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, a := range test.Alerts {
			if len(a.Expected) > 0 {
				fires[a.Name] = true
			} else {
				quiet[a.Name] = true
			}
		}
	}
	for _, r := range rules(t) {
		assert.True(t, fires[r.Alert], "no test shows that %s fires", r.Alert)
		assert.True(t, quiet[r.Alert], "no test shows that %s can be quiet", r.Alert)
	}
}

// TestAlertsNameMetricsThatAreDeclared; TestMetricsOfARunningPipeline asks a
// running one for the same.
func TestAlertsNameMetricsThatAreDeclared(t *testing.T) {
	t.Parallel()
	declared := listed(t)
	for _, r := range rules(t) {
		found := named(r.Expr)
		require.NotEmpty(t, found, r.Alert)
		for _, name := range found {
			assert.Contains(t, declared, name, r.Alert)
		}
	}
}

// boardQueries are the queries of every dashboard, with Grafana's variables
// replaced by what they may stand for.
func boardQueries(t testing.TB) map[string][]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(chart, "files", "dashboards", "*.json"))
	require.NoError(t, err)
	require.Len(t, paths, 3)
	variables := strings.NewReplacer("$__rate_interval", "1m", "$__range", "3h", "$namespace", ".*", "$provider", ".*", "$destination", ".*")
	all := map[string][]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var board struct {
			Panels []struct {
				Title       string `json:"title"`
				Type        string `json:"type"`
				Description string `json:"description"`
				Targets     []struct {
					Expr string `json:"expr"`
				} `json:"targets"`
			} `json:"panels"`
			Templating struct {
				List []struct {
					Query any `json:"query"`
				} `json:"list"`
			} `json:"templating"`
		}
		require.NoError(t, yaml.Unmarshal(text, &board)) // JSON is YAML
		name := filepath.Base(path)
		for _, p := range board.Panels {
			if p.Type == "row" {
				continue
			}
			assert.NotEmpty(t, p.Description, "%s: %s does not say why", name, p.Title)
			assert.NotEmpty(t, p.Targets, "%s: %s shows nothing", name, p.Title)
			for _, target := range p.Targets {
				all[name] = append(all[name], variables.Replace(target.Expr))
			}
		}
		assert.Greater(t, len(all[name]), 6, name)
	}
	return all
}

// TestDashboardsAskForWhatExists: every query is one that Prometheus
// understands, about metrics that are declared.
func TestDashboardsAskForWhatExists(t *testing.T) {
	t.Parallel()
	declared := listed(t)
	type record struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var records []record
	for board, queries := range boardQueries(t) {
		for _, q := range queries {
			require.NotContains(t, q, "$", board)
			for _, name := range named(q) {
				if strings.HasPrefix(name, "sluice_") {
					assert.Contains(t, declared, name, "%s: %s", board, q)
				}
			}
			records = append(records, record{"x", q})
		}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "queries", "rules": records}}})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "queries.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	succeed(t, tool(t, "promtool"), "check", "rules", "--lint=none", path)
}

// seldom are metrics that exist only once something has happened that no
// healthy pipeline shows within seconds. That they are declared is checked above.
var seldom = []string{
	"sluice_verdict_requests_total", // Google is asked half an hour later
}

var alertLabel = regexp.MustCompile(`sluice_alert\{.*?alert="([a-z_]+)"`)

// TestMetricsOfARunningPipeline scrapes the roles of a pipeline whose
// providers throttle and refuse events now and then, and looks for every
// metric that an alert, a dashboard or a scaler names.
func TestMetricsOfARunningPipeline(t *testing.T) {
	t.Parallel()
	world := startWorld(t, "--faults", "throttle,poison")
	declared := listed(t)
	var wanted []string
	judged := map[string]bool{}
	for _, r := range rules(t) {
		wanted = append(wanted, named(r.Expr)...)
		for _, m := range alertLabel.FindAllStringSubmatch(r.Expr, -1) {
			judged[m[1]] = true
		}
	}
	for _, queries := range boardQueries(t) {
		wanted = append(wanted, named(queries...)...)
	}
	for _, m := range regexp.MustCompile(`query: '([^']+)'`).FindAllStringSubmatch(render(t, "--values", valueFiles(t)["production"]), -1) {
		wanted = append(wanted, named(m[1])...)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	require.Greater(t, len(wanted), 15)

	var missing []string
	found := map[string]string{}
	defer func() { t.Logf("still missing: %v", missing) }()
	eventually(t, "every metric to have a series", func() bool {
		world.emit(t, 200)
		for _, role := range world.roles {
			_, body := get(t, role.admin()+"/metrics")
			for name, kind := range exposed(body) {
				found[name] = kind
			}
		}
		missing = nil
		for _, name := range wanted {
			if found[name] == "" && !slices.Contains(seldom, name) {
				missing = append(missing, name)
			}
		}
		return len(missing) == 0
	})
	for name, kind := range found {
		if strings.HasPrefix(name, "sluice_") {
			assert.Equal(t, declared[name], kind, "docs/metrics.md is wrong about %s", name)
		}
	}
	said := map[string]bool{}
	defer func() { t.Logf("the monitor judges %v, and rules ask for %v", said, judged) }()
	eventually(t, "the monitor, once it has caught up, to judge what rules ask for, and nothing else", func() bool {
		_, body := get(t, world.roles[2].admin()+"/metrics")
		for _, m := range alertLabel.FindAllStringSubmatch(body, -1) {
			said[m[1]] = true
		}
		return maps.Equal(said, judged)
	})
}
