package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// kedaModule holds the resource definition of ScaledObject. It is read from
// the module as published and checked against the sum, so nothing is vendored
// and nothing of it is compiled.
const (
	kedaModule = "github.com/kedacore/keda/v2@v2.21.0"
	kedaSum    = "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="
)

// builtIn are the kinds of Kubernetes itself that the chart makes, by the name
// of their definition in the API description of 1.27 that kube-openapi keeps
// for its own tests: the oldest version that the chart supports.
var builtIn = map[string]string{
	"service-v1-v1": "core.v1.Service", "configmap-v1-v1": "core.v1.ConfigMap", "serviceaccount-v1-v1": "core.v1.ServiceAccount",
	"deployment-apps-v1": "apps.v1.Deployment", "statefulset-apps-v1": "apps.v1.StatefulSet",
	"job-batch-v1": "batch.v1.Job", "cronjob-batch-v1": "batch.v1.CronJob",
	"poddisruptionbudget-policy-v1":          "policy.v1.PodDisruptionBudget",
	"networkpolicy-networking.k8s.io-v1":     "networking.v1.NetworkPolicy",
	"horizontalpodautoscaler-autoscaling-v2": "autoscaling.v2.HorizontalPodAutoscaler",
}

// moduleDir downloads a module with the ordinary client and gives its folder.
func moduleDir(t testing.TB, in, module, sum string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	cmd.Dir = in
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	text, err := cmd.Output()
	require.NoError(t, err, "%s", text)
	var found struct{ Dir, Sum string }
	require.NoError(t, json.Unmarshal(text, &found))
	if sum != "" {
		require.Equal(t, sum, found.Sum, module)
	}
	return found.Dir
}

// schemas writes a closed JSON schema per kind, as kubeconform wants them, and
// gives their location.
func schemas(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, schema any) {
		text, err := json.Marshal(schema)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".json"), text, 0o600))
	}
	// Pinned by the go.sum of the tools.
	kube := moduleDir(t, filepath.Join(root, "tools", "deploy"), "k8s.io/kube-openapi", "")
	text, err := os.ReadFile(filepath.Join(kube, "pkg", "schemaconv", "testdata", "swagger.json"))
	require.NoError(t, err)
	var api struct {
		Info        struct{ Version string }  `json:"info"`
		Definitions map[string]map[string]any `json:"definitions"`
	}
	require.NoError(t, json.Unmarshal(text, &api))
	require.Equal(t, "v1.27.0", api.Info.Version)
	for name, definition := range api.Definitions {
		closed(definition)
		switch {
		case strings.HasSuffix(name, "intstr.IntOrString"), strings.HasSuffix(name, "resource.Quantity"):
			definition["type"] = []string{"string", "integer", "number"}
			delete(definition, "format")
		}
	}
	for name, definition := range builtIn {
		top := "io.k8s.api." + definition
		require.Contains(t, api.Definitions, top)
		needed := map[string]any{}
		reach(api.Definitions, top, needed)
		write(name, map[string]any{"$ref": "#/definitions/" + top, "definitions": needed})
	}
	keda := moduleDir(t, t.TempDir(), kedaModule, kedaSum)
	write("scaledobject-keda.sh-v1alpha1", definition(t, filepath.Join(keda, "config", "crd", "bases", "keda.sh_scaledobjects.yaml")))
	others, err := filepath.Glob(filepath.Join("testdata", "schemas", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, others)
	for _, path := range others {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var schema map[string]any
		require.NoError(t, yaml.Unmarshal(text, &schema))
		closed(schema)
		write(strings.TrimSuffix(filepath.Base(path), ".yaml"), schema)
	}
	return filepath.Join(dir, "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json")
}

// definition reads the schema of a CustomResourceDefinition's only version.
func definition(t testing.TB, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPI map[string]any `yaml:"openAPIV3Schema"`
				} `yaml:"schema"`
			} `yaml:"versions"`
		} `yaml:"spec"`
	}
	require.NoError(t, yaml.Unmarshal(text, &crd))
	require.Len(t, crd.Spec.Versions, 1)
	schema := crd.Spec.Versions[0].Schema.OpenAPI
	closed(schema)
	return schema
}

// closed refuses what an object does not know; the API server would drop it
// without a word.
func closed(node any) {
	switch n := node.(type) {
	case map[string]any:
		if properties, ok := n["properties"].(map[string]any); ok {
			if _, said := n["additionalProperties"]; !said && n["x-kubernetes-preserve-unknown-fields"] != true && len(properties) > 0 {
				n["additionalProperties"] = false
			}
		}
		for _, child := range n {
			closed(child)
		}
	case []any:
		for _, child := range n {
			closed(child)
		}
	}
}

// reach collects a definition and all that it refers to.
func reach(all map[string]map[string]any, name string, found map[string]any) {
	if _, known := found[name]; known {
		return
	}
	found[name] = all[name]
	for _, ref := range references(all[name]) {
		reach(all, strings.TrimPrefix(ref, "#/definitions/"), found)
	}
}

func references(node any) []string {
	var found []string
	switch n := node.(type) {
	case map[string]any:
		for key, child := range n {
			if ref, ok := child.(string); ok && key == "$ref" {
				found = append(found, ref)
				continue
			}
			found = append(found, references(child)...)
		}
	case []any:
		for _, child := range n {
			found = append(found, references(child)...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
