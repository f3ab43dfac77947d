package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mounts gives what stands at the paths of a container.
func mounts(service types.ServiceConfig) map[string]string {
	all := map[string]string{}
	for _, v := range service.Volumes {
		all[v.Target] = v.Source
	}
	return all
}

// strictly reads a file that must hold nothing else than what is looked at.
func strictly(t testing.TB, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalWithOptions(text, into, yaml.Strict()), path)
}

// TestAlertsAreReadByPrometheusOfCompose: promtool takes its configuration, it
// reads every role's metrics, and the rules stand where it looks for them.
func TestAlertsAreReadByPrometheusOfCompose(t *testing.T) {
	t.Parallel()
	project := compose(t)
	at := mounts(project.Services["prometheus"])
	path := at["/etc/prometheus/prometheus.yml"]
	succeed(t, tool(t, "promtool"), "check", "config", "--syntax-only", path)
	var config struct {
		Global  map[string]string `yaml:"global"`
		Rules   []string          `yaml:"rule_files"`
		Scrapes []struct {
			Job     string `yaml:"job_name"`
			Configs []struct {
				Targets []string          `yaml:"targets"`
				Labels  map[string]string `yaml:"labels"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	strictly(t, path, &config)
	var read, running []string
	for _, scrape := range config.Scrapes {
		for _, c := range scrape.Configs {
			read = append(read, c.Targets...)
			for _, target := range c.Targets {
				assert.Equal(t, c.Labels["pod"]+":9464", target, "dashboards tell processes apart by pod")
			}
		}
	}
	for name, service := range project.Services {
		if ours(service) && service.Restart != "" {
			running = append(running, name+":9464")
		}
	}
	assert.ElementsMatch(t, running, read)
	require.Len(t, config.Rules, 1)
	want, err := filepath.Abs(alertsFile)
	require.NoError(t, err)
	got, err := filepath.Abs(at[config.Rules[0]])
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// TestDashboardsAreFoundByGrafanaOfCompose: they stand where it looks for
// them, and ask a Prometheus that exists.
func TestDashboardsAreFoundByGrafanaOfCompose(t *testing.T) {
	t.Parallel()
	project := compose(t)
	at := mounts(project.Services["grafana"])
	provisioning := at["/etc/grafana/provisioning"]
	var sources struct {
		Version int `yaml:"apiVersion"`
		Sources []struct {
			Name    string `yaml:"name"`
			UID     string `yaml:"uid"`
			Type    string `yaml:"type"`
			Access  string `yaml:"access"`
			URL     string `yaml:"url"`
			Default bool   `yaml:"isDefault"`
		} `yaml:"datasources"`
	}
	strictly(t, filepath.Join(provisioning, "datasources", "prometheus.yaml"), &sources)
	require.Len(t, sources.Sources, 1)
	assert.True(t, sources.Sources[0].Default, "the dashboards take the default")
	assert.Equal(t, "http://prometheus:9090", sources.Sources[0].URL)
	var boards struct {
		Version   int `yaml:"apiVersion"`
		Providers []struct {
			Name    string            `yaml:"name"`
			Folder  string            `yaml:"folder"`
			Type    string            `yaml:"type"`
			Options map[string]string `yaml:"options"`
			Deletes bool              `yaml:"disableDeletion"`
			Edits   bool              `yaml:"allowUiUpdates"`
		} `yaml:"providers"`
	}
	strictly(t, filepath.Join(provisioning, "dashboards", "sluice.yaml"), &boards)
	require.Len(t, boards.Providers, 1)
	found, err := filepath.Glob(filepath.Join(at[boards.Providers[0].Options["path"]], "*.json"))
	require.NoError(t, err)
	assert.Len(t, found, 3)
}

// TestMetricsReachTheCollectorOfCompose: the address that env.example names is
// one that the collector listens on, and a setting that the roles take.
func TestMetricsReachTheCollectorOfCompose(t *testing.T) {
	t.Parallel()
	const address = "http://otel-collector:4318"
	project := compose(t, "SLUICE_OTLP="+address)
	example, err := os.ReadFile(filepath.Join(root, "deploy", "compose", "env.example"))
	require.NoError(t, err)
	require.Contains(t, string(example), address)
	var config struct {
		Receivers map[string]struct {
			Protocols map[string]struct {
				Endpoint string `yaml:"endpoint"`
			} `yaml:"protocols"`
		} `yaml:"receivers"`
		Exporters map[string]any `yaml:"exporters"`
		Service   struct {
			Pipelines map[string]struct {
				Receivers []string `yaml:"receivers"`
				Exporters []string `yaml:"exporters"`
			} `yaml:"pipelines"`
		} `yaml:"service"`
	}
	collector := project.Services["otel-collector"]
	path, ok := strings.CutPrefix(collector.Command[0], "--config=")
	require.True(t, ok)
	strictly(t, mounts(collector)[path], &config)
	assert.Equal(t, "0.0.0.0:4318", config.Receivers["otlp"].Protocols["http"].Endpoint)
	for name, pipeline := range config.Service.Pipelines {
		assert.Subset(t, slices.Collect(maps.Keys(config.Receivers)), pipeline.Receivers, name)
		assert.Subset(t, slices.Collect(maps.Keys(config.Exporters)), pipeline.Exporters, name)
	}
	router := project.Services["router"]
	set := router.Environment["SLUICE_TELEMETRY_OTLP_ENDPOINT"]
	require.NotNil(t, set)
	require.Equal(t, address, *set)
	start(t, []string{"SLUICE_TELEMETRY_OTLP_ENDPOINT=" + *set, "SLUICE_CONFIG=" + mounts(router)["/etc/sluice/sluice.yaml"]}, binary(t), "config", "check").succeeds()
}
