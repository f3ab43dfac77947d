package deploy_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manifest is what is looked at of a rendered object.
type manifest struct {
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name        string            `yaml:"name"`
		Annotations map[string]string `yaml:"annotations"`
	} `yaml:"metadata"`
	Data map[string]string `yaml:"data"`
	Spec struct {
		Template    pod `yaml:"template"`
		JobTemplate struct {
			Spec struct {
				Template pod `yaml:"template"`
			} `yaml:"spec"`
		} `yaml:"jobTemplate"`
	} `yaml:"spec"`
}

type pod struct {
	Spec struct {
		Grace           int            `yaml:"terminationGracePeriodSeconds"`
		Token           *bool          `yaml:"automountServiceAccountToken"`
		SecurityContext map[string]any `yaml:"securityContext"`
		Containers      []container    `yaml:"containers"`
		Volumes         []struct {
			Name      string `yaml:"name"`
			ConfigMap struct {
				Name string `yaml:"name"`
			} `yaml:"configMap"`
		} `yaml:"volumes"`
	} `yaml:"spec"`
}

type container struct {
	Args []string `yaml:"args"`
	Env  []struct {
		Name      string `yaml:"name"`
		Value     string `yaml:"value"`
		ValueFrom struct {
			FieldRef struct {
				FieldPath string `yaml:"fieldPath"`
			} `yaml:"fieldRef"`
			SecretKeyRef map[string]string `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	} `yaml:"env"`
	SecurityContext map[string]any `yaml:"securityContext"`
	VolumeMounts    []struct {
		Name      string `yaml:"name"`
		MountPath string `yaml:"mountPath"`
		SubPath   string `yaml:"subPath"`
	} `yaml:"volumeMounts"`
	ReadinessProbe *struct{} `yaml:"readinessProbe"`
}

func manifests(t testing.TB, text string) []manifest {
	t.Helper()
	var all []manifest
	in := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		var m manifest
		err := in.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, m)
	}
}

// workload is one container as it would run, with its configuration file.
type workload struct {
	name, kind, config string
	pod                pod
	container          container
}

func workloads(t testing.TB, values string) []workload {
	t.Helper()
	all := manifests(t, render(t, "--values", values))
	configs := map[string]string{}
	for _, m := range all {
		if m.Kind == "ConfigMap" {
			configs[m.Metadata.Name] = m.Data["sluice.yaml"]
		}
	}
	var found []workload
	for _, m := range all {
		p := m.Spec.Template
		if m.Kind == "CronJob" {
			p = m.Spec.JobTemplate.Spec.Template
		}
		for _, c := range p.Spec.Containers {
			w := workload{m.Metadata.Name, m.Kind, "", p, c}
			for _, v := range p.Spec.Volumes {
				if v.Name == "config" {
					w.config = configs[v.ConfigMap.Name]
				}
			}
			require.NotEmpty(t, w.config, "%s has no configuration", w.name)
			found = append(found, w)
		}
	}
	require.NotEmpty(t, found)
	return found
}

// environ is the container's environment; what comes from a Secret is made up.
func (w workload) environ(config string) []string {
	var all []string
	for _, e := range w.container.Env {
		value := e.Value
		switch {
		case e.ValueFrom.FieldRef.FieldPath == "metadata.name":
			value = w.name + "-0"
		case e.ValueFrom.SecretKeyRef != nil:
			value = "from-a-secret"
		case e.Name == "SLUICE_CONFIG":
			value = config
		}
		all = append(all, e.Name+"="+value)
	}
	return all
}

// TestChartSettingsExist reads the configuration and the environment of every
// container of every example as Sluice would: `config check`.
func TestChartSettingsExist(t *testing.T) {
	t.Parallel()
	for name, values := range valueFiles(t) {
		for _, w := range workloads(t, values) {
			path := filepath.Join(t.TempDir(), "sluice.yaml")
			require.NoError(t, os.WriteFile(path, []byte(w.config), 0o600))
			t.Logf("%s: %s", name, w.name)
			start(t, w.environ(path), binary(t), "config", "check").succeeds()
		}
	}
}

// TestChartLogsInAsItsOwnUsers: with Strimzi each role of the example is the
// KafkaUser that has the rights of that role.
func TestChartLogsInAsItsOwnUsers(t *testing.T) {
	t.Parallel()
	values := valueFiles(t)["production"]
	users := map[string]bool{}
	for _, m := range manifests(t, render(t, "--values", values)) {
		if m.Kind == "KafkaUser" {
			users[m.Metadata.Name] = false
		}
	}
	for _, w := range workloads(t, values) {
		want := "sluice-operator"
		for _, role := range []string{"router", "sender", "monitor"} {
			if strings.HasPrefix(w.name, "sluice-"+role) {
				want = "sluice-" + role
			}
		}
		require.Contains(t, users, want)
		users[want] = true
		assert.Contains(t, w.environ(""), "SLUICE_KAFKA_SASL_USERNAME="+want, w.name)
		for _, e := range w.container.Env {
			if e.Name == "SLUICE_KAFKA_SASL_PASSWORD" {
				assert.Equal(t, want, e.ValueFrom.SecretKeyRef["name"], w.name)
			}
		}
	}
	assert.NotContains(t, slices.Collect(maps.Values(users)), false, "a user that nobody is: %v", users)
}

// TestChartPodsAreLockedDown: no root, no write, no rights, no token; secrets
// that can rotate.
func TestChartPodsAreLockedDown(t *testing.T) {
	t.Parallel()
	for name, values := range valueFiles(t) {
		for _, w := range workloads(t, values) {
			where := name + ": " + w.name
			c := w.container.SecurityContext
			assert.Equal(t, true, w.pod.Spec.SecurityContext["runAsNonRoot"], where)
			assert.Equal(t, true, c["readOnlyRootFilesystem"], where)
			assert.Equal(t, false, c["allowPrivilegeEscalation"], where)
			assert.Equal(t, map[string]any{"drop": []any{"ALL"}}, c["capabilities"], where)
			require.NotNil(t, w.pod.Spec.Token, where)
			assert.False(t, *w.pod.Spec.Token, where)
			secrets := false
			for _, m := range w.container.VolumeMounts {
				assert.Empty(t, m.SubPath, "%s: a mount by subPath is never written again", where)
				secrets = secrets || m.MountPath == "/etc/sluice/secrets"
			}
			assert.False(t, secrets && !strings.Contains(w.name, "-sender-"), "%s sees secrets that only senders need", where)
			if w.kind == "StatefulSet" || w.kind == "Deployment" {
				// The monitor has no transactions.
				assert.True(t, w.pod.Spec.Grace > 40 || strings.HasSuffix(w.name, "-monitor"), "%s: a broker ends an open transaction after 40 s", where)
				assert.NotNil(t, w.container.ReadinessProbe, where)
			}
		}
	}
}

// TestChartCommandsRun starts every container of ci/testing.yaml as a plain
// process: hooks in the order of their weights, then roles until they are
// ready, then what a schedule would start.
func TestChartCommandsRun(t *testing.T) {
	t.Parallel()
	values := valueFiles(t)["testing"]
	s := startServices(t)
	weights := map[string]string{}
	for _, m := range manifests(t, render(t, "--values", values)) {
		weights[m.Metadata.Name] = m.Metadata.Annotations["helm.sh/hook-weight"]
	}
	found := workloads(t, values)
	rank := func(w workload) int {
		return slices.Index([]string{"Job", "StatefulSet", "Deployment", "CronJob"}, w.kind)
	}
	slices.SortFunc(found, func(a, b workload) int {
		if rank(a) != rank(b) {
			return rank(a) - rank(b)
		}
		return strings.Compare(weights[b.name], weights[a.name]) // "-6" comes before "-5"
	})
	var roles []*process
	for _, w := range found {
		path := filepath.Join(t.TempDir(), "sluice.yaml")
		text := strings.NewReplacer("kafka:9092", s.Kafka, "http://registry:8081", s.Registry, "redis:6379", s.Redis).Replace(w.config)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		var environ []string
		for _, e := range w.environ(path) {
			environ = append(environ, strings.Replace(e, "0.0.0.0:9464", "127.0.0.1:0", 1))
		}
		p := start(t, environ, binary(t), w.container.Args...)
		switch w.kind {
		case "Job", "CronJob":
			p.succeeds()
		default:
			p.ready()
			roles = append(roles, p)
		}
	}
	require.Len(t, roles, 5, "a router, three senders and the monitor")
	for _, r := range roles {
		r.drains()
	}
}
