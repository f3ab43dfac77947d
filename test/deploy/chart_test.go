package deploy_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the goldens again")

var chart = filepath.Join(root, "deploy", "helm", "sluice")

// valueFiles are the example values that ship with the chart.
func valueFiles(t testing.TB) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(chart, "ci", "*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(found), 4)
	all := map[string]string{}
	for _, path := range found {
		all[strings.TrimSuffix(filepath.Base(path), ".yaml")] = path
	}
	return all
}

// render is what Helm would send to a cluster.
func render(t testing.TB, args ...string) string {
	t.Helper()
	return succeed(t, tool(t, "helm"), append([]string{"template", "sluice", chart, "--namespace", "sluice", "--kube-version", "1.27.0"}, args...)...)
}

func TestChartLints(t *testing.T) {
	t.Parallel()
	for name, values := range valueFiles(t) {
		stdout, stderr, err := run(t, tool(t, "helm"), "lint", "--strict", chart, "--values", values)
		assert.NoError(t, err, "%s: %s%s", name, stdout, stderr)
	}
}

// TestChartRendersAsWritten compares with goldens, so that a change of the
// chart shows in review as a change of what it makes. Write them again with
// make helm-test TEST_FLAGS=-update.
func TestChartRendersAsWritten(t *testing.T) {
	t.Parallel()
	for name, values := range valueFiles(t) {
		got := render(t, "--values", values)
		path := filepath.Join("testdata", "golden", name+".yaml")
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(want), got, "%s differs: look, then make helm-test TEST_FLAGS=-update", name)
	}
}

func TestChartMakesWhatKubernetesKnows(t *testing.T) {
	t.Parallel()
	location := schemas(t)
	check := func(manifests string) (string, error) {
		path := filepath.Join(t.TempDir(), "rendered.yaml")
		require.NoError(t, os.WriteFile(path, []byte(manifests), 0o600))
		stdout, stderr, err := run(t, tool(t, "kubeconform"), "-strict", "-summary", "-schema-location", location, path)
		return stdout + stderr, err
	}
	for name, values := range valueFiles(t) {
		text, err := check(render(t, "--values", values, "--set", "monitoring.dashboards.enabled=true"))
		require.NoError(t, err, "%s: %s", name, text)
		require.NotContains(t, text, "Skipped: 1", name)
	}
	for _, old := range []string{"kafka.strimzi.io/v1beta2"} {
		require.Contains(t, render(t, "--values", valueFiles(t)["production"], "--set", "topology.strimzi.apiVersion="+old), "apiVersion: "+old)
	}
	// The check itself finds something.
	text, err := check("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {selector: {}, replica: 2, template: {}}\n")
	require.Error(t, err)
	require.Contains(t, text, "replica")
}

// TestChartRefusesWhatItDoesNotKnow: a mistyped value must not be ignored.
func TestChartRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for setting, complaint := range map[string]string{
		"router.replica=3":                          "additional properties 'replica' not allowed",
		"config.kafka.broker=kafka:9092":            "additional properties 'broker' not allowed",
		"config.router.batch.record=5":              "additional properties 'record' not allowed",
		"router.terminationGracePeriodSeconds=30":   "terminationGracePeriodSeconds",
		"router.autoscaling.kind=vpa":               "value must be one of 'none', 'keda', 'hpa'",
		"sender.providers.nosuch.enabled=true":      "additional properties 'nosuch' not allowed",
		"secretEnv.lower.name=x":                    "lower",
		"router.env.SLUICE_ADMIN_LISTEN=off":        "SLUICE_ADMIN_LISTEN is set by the chart itself",
		"topology.mode=manual":                      "value must be one of",
		"config.kafka=null":                         "config.kafka.brokers is not set",
		"image.digest=latest":                       "image/digest",
		"networkPolicy.services.kafka.ports[0]=0":   "minimum",
		"sender.providers.meta.destinationSecret=x": "additional properties 'destinationSecret' not allowed",
	} {
		stdout, stderr, err := run(t, tool(t, "helm"), "template", "sluice", chart, "--values", valueFiles(t)["minimal"], "--set", setting)
		assert.Error(t, err, "%s is taken: %s", setting, stdout)
		assert.Contains(t, stderr, complaint, setting)
	}
}
