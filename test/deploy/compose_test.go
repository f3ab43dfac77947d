package deploy_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// compose reads docker-compose.yml as compose itself does: interpolated,
// merged, checked against the specification, every profile on. Unknown keys
// are refused.
func compose(t testing.TB, environ ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")},
		cli.WithWorkingDirectory(root), cli.WithEnv(environ), cli.WithProfiles([]string{"*"}), cli.WithConsistency(true))
	require.NoError(t, err)
	project, err := options.LoadProject(context.WithoutCancel(t.Context()))
	require.NoError(t, err)
	return project
}

func TestComposeIsClosedAndPinned(t *testing.T) {
	t.Parallel()
	project := compose(t)
	require.GreaterOrEqual(t, len(project.Services), 12)
	for name, service := range project.Services {
		for _, port := range service.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, "%s publishes %s beyond loopback, without any password", name, port.Published)
		}
		_, tag, pinned := strings.Cut(service.Image, ":")
		assert.True(t, pinned && tag != "latest" && tag != "", "%s: %s is not pinned", name, service.Image)
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			_, err := os.Stat(volume.Source)
			assert.NoError(t, err, "%s mounts what is not there; compose would make an empty folder of it", name)
			assert.True(t, volume.ReadOnly, "%s may write %s", name, volume.Source)
		}
		if ours(service) {
			assert.True(t, service.ReadOnly && slices.Equal(service.CapDrop, []string{"ALL"}), "%s has more rights than it needs", name)
		}
		if len(service.Ports) > 0 {
			assert.NotNil(t, service.HealthCheck, "others wait for %s", name)
		}
	}
}

// TestComposeBuildsTheImageOnce: a second service that builds would leave an
// untagged copy behind, and one that pulls would ask a public registry for a
// name that anybody can take there.
func TestComposeBuildsTheImageOnce(t *testing.T) {
	t.Parallel()
	var builds []string
	for name, service := range compose(t).Services {
		if service.Build != nil {
			builds = append(builds, name)
			tags, said := service.Build.Args["TAGS"]
			assert.True(t, said && tags != nil && *tags == "", "the sandbox of this file is in no production build")
		}
		if ours(service) {
			assert.Equal(t, types.PullPolicyNever, service.PullPolicy, name)
		}
	}
	require.Equal(t, []string{"topology"}, builds, "every role waits for it, so that the image is there for `compose run` too")
}

// TestComposeKeepsWhatItWrites: what Kafka and Redis write is in a volume, so
// that `down` and `up` lose nothing.
func TestComposeKeepsWhatItWrites(t *testing.T) {
	t.Parallel()
	project := compose(t)
	volumes := func(service string) (targets []string) {
		for _, v := range project.Services[service].Volumes {
			if v.Type == types.VolumeTypeVolume {
				targets = append(targets, v.Target)
			}
		}
		return targets
	}
	written := project.Services["kafka"].Environment["KAFKA_LOG_DIRS"]
	require.NotNil(t, written, "the image ignores its own default once any KAFKA_ variable is set")
	require.Equal(t, []string{*written}, volumes("kafka"))
	require.Equal(t, []string{"/data"}, volumes("redis"))
	require.Contains(t, strings.Join(project.Services["redis"].Command, " "), "--appendonly yes")
}

// TestComposeWaitsForEveryJob: `up --wait` takes a service that ends, and that
// no running one waits for, as a failure (docker/compose#10596).
func TestComposeWaitsForEveryJob(t *testing.T) {
	t.Parallel()
	project := compose(t)
	runs := func(s types.ServiceConfig) bool { return len(s.Profiles) == 0 && s.HealthCheck != nil }
	jobs := 0
	for name, job := range project.Services {
		if len(job.Profiles) > 0 || runs(job) {
			continue
		}
		jobs++
		waited := false
		for _, other := range project.Services {
			on, ok := other.DependsOn[name]
			waited = waited || (ok && len(other.Profiles) == 0 && on.Condition == types.ServiceConditionCompletedSuccessfully)
		}
		assert.True(t, waited, "nobody waits for the end of %s", name)
	}
	require.Equal(t, 4, jobs, "input, schemas, topology, resources")
}

// TestComposeRegistryIsHealthyOnlyWhenItTakesWrites runs the health check
// itself against what Karapace says of itself.
func TestComposeRegistryIsHealthyOnlyWhenItTakesWrites(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	require.NoError(t, err, "the check is Python: install python3")
	check := compose(t).Services["registry"].HealthCheck
	require.Equal(t, []string{"CMD", "python3", "-c"}, []string(check.Test[:3]))
	const own = "http://localhost:8081"
	require.Contains(t, check.Test[3], own+"/_health")
	for name, c := range map[string]struct {
		status  int
		body    string
		healthy bool
	}{
		"takes writes":       {200, `{"status":{"schema_registry_ready":true,"schema_registry_is_primary":true},"healthy":true}`, true},
		"elected, not ready": {200, `{"status":{"schema_registry_ready":false,"schema_registry_is_primary":true},"healthy":true}`, false},
		"reads only":         {200, `{"status":{"schema_registry_ready":true,"schema_registry_is_primary":false},"healthy":true}`, false},
		"no election yet":    {200, `{"status":{"schema_registry_ready":true,"schema_registry_is_primary":null},"healthy":true}`, false},
		"reader ill":         {503, `{"detail":"Service Unavailable"}`, false},
		"another program":    {200, `<html>`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/_health", r.URL.Path)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer registry.Close()
			out, err := exec.CommandContext(t.Context(), python, "-c", strings.ReplaceAll(check.Test[3], own, registry.URL)).CombinedOutput()
			require.Equal(t, c.healthy, err == nil, "%s", out)
		})
	}
}

func ours(s types.ServiceConfig) bool { return strings.HasPrefix(s.Image, "sluice:") }

// TestComposeExampleNamesEveryVariable holds deploy/compose/env.example to the
// variables of the file and to their defaults.
func TestComposeExampleNamesEveryVariable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	require.NoError(t, err)
	declared := map[string]string{}
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+):-([^}]*)\}`).FindAllStringSubmatch(string(text), -1) {
		declared[m[1]] = m[2]
	}
	example, err := os.ReadFile(filepath.Join(root, "deploy", "compose", "env.example"))
	require.NoError(t, err)
	shown := map[string]string{}
	for line := range strings.Lines(string(example)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			shown[name] = value
		}
	}
	require.Equal(t, declared, shown)
	require.NotContains(t, regexp.MustCompile(`\$\{([A-Z_]+)\}`).FindString(string(text)), "$", "a variable without default")
}

// plain turns a container of ours into a process of this machine: mounted
// paths become those that were mounted, names of services become addresses.
type plain struct {
	services services
	dir      string
}

func (p plain) start(t *testing.T, service types.ServiceConfig) *process {
	t.Helper()
	mounted := map[string]string{}
	for _, v := range service.Volumes {
		mounted[v.Target] = v.Source
	}
	if file := mounted["/etc/sluice/sluice.yaml"]; file != "" {
		mounted["/etc/sluice/sluice.yaml"] = p.config(t, service.Name, file, mounted)
	}
	inside := func(text string) string {
		for target, source := range mounted {
			if rest, ok := strings.CutPrefix(text, target); ok {
				return source + rest
			}
		}
		return text
	}
	var environ []string
	for name, value := range service.Environment {
		require.NotNil(t, value, "%s comes from whoever starts compose", name)
		set := inside(*value)
		if name == "SLUICE_ADMIN_LISTEN" {
			require.Equal(t, "0.0.0.0:9464", set, "the published port is the one that is listened on")
			set = "127.0.0.1:0"
		}
		environ = append(environ, name+"="+set)
	}
	var args []string
	for _, word := range service.Command {
		args = append(args, inside(word))
	}
	require.Empty(t, service.Entrypoint, "the image's own is used")
	return start(t, environ, binary(t), args...)
}

// healthy runs the health check of a service beside its process.
func (p plain) healthy(t *testing.T, service types.ServiceConfig, address string) {
	t.Helper()
	require.NotNil(t, service.HealthCheck, service.Name)
	require.Equal(t, []string{"CMD", "/sluice"}, []string(service.HealthCheck.Test[:2]), service.Name)
	var args []string
	for _, word := range service.HealthCheck.Test[2:] {
		args = append(args, strings.Replace(word, "http://127.0.0.1:9999", p.services.Sandbox, 1))
	}
	start(t, []string{"SLUICE_ADMIN_LISTEN=" + strings.TrimPrefix(address, "http://")}, binary(t), args...).succeeds()
}

// config copies the mounted configuration with addresses that exist here. Each
// service has a copy of its own: another one may still be reading.
func (p plain) config(t *testing.T, service, path string, mounted map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	secrets := mounted["/etc/sluice/secrets"]
	if secrets == "" {
		secrets = "/etc/sluice/secrets"
	}
	replaced := strings.NewReplacer("kafka:19092", p.services.Kafka, "http://registry:8081", p.services.Registry,
		"redis:6379", p.services.Redis, "http://sandbox:9999", p.services.Sandbox, "/etc/sluice/secrets", secrets).Replace(string(text))
	copied := filepath.Join(p.dir, service+".yaml")
	require.NoError(t, os.WriteFile(copied, []byte(replaced), 0o600))
	return copied
}

// TestComposeCommandsRun starts every container of ours as a plain process, in
// the order that the file asks for, until the examples' purchases stand in the
// sandbox: no command, flag, variable or file of docker-compose.yml is wrong.
func TestComposeCommandsRun(t *testing.T) {
	t.Parallel()
	project := compose(t)
	s := startServices(t)
	var covered []string
	service := func(name string) types.ServiceConfig {
		covered = append(covered, name)
		found, ok := project.Services[name]
		require.True(t, ok, name)
		return found
	}
	sandbox := service("sandbox").Command
	require.Contains(t, sandbox, "0.0.0.0:9999")
	require.Contains(t, sandbox, "--expose")
	own := slices.Clone(sandbox)
	own[slices.Index(own, "0.0.0.0:9999")] = "127.0.0.1:0"
	s.startSandbox(t, own...)
	p := plain{s, t.TempDir()}

	p.start(t, service("schemas")).succeeds()
	p.start(t, service("topology")).succeeds()
	p.start(t, service("resources")).succeeds()
	router := p.start(t, service("router"))
	meta := p.start(t, service("sender-meta"))
	google := p.start(t, service("sender-google"))
	monitor := p.start(t, service("monitor"))
	roles := []*process{router, meta, google, monitor}
	for i, role := range roles {
		role.ready()
		p.healthy(t, service([]string{"router", "sender-meta", "sender-google", "monitor"}[i]), role.admin())
	}
	p.healthy(t, service("sandbox"), "127.0.0.1:0")
	load := service("load")
	at := slices.Index(load.Command, "--count") + 1
	load.Command[at] = "40" // the file's count takes half a day
	p.start(t, load).succeeds()
	eventually(t, "the sandbox to receive events of both providers", func() bool {
		_, report := get(t, s.Sandbox+"/_sandbox/report")
		return strings.Contains(report, `"events"`) && metricSum(t, meta.admin(), "sluice_delivery_attempts_total") > 0 &&
			metricSum(t, google.admin(), "sluice_delivery_attempts_total") > 0
	})
	eventually(t, "the monitor to judge both destinations", func() bool {
		_, metrics := get(t, monitor.admin()+"/metrics")
		return strings.Contains(metrics, `destination="acme-meta"`) && strings.Contains(metrics, `destination="acme-google"`)
	})
	p.start(t, service("sluice")).succeeds()
	for _, role := range roles {
		role.drains()
	}
	for name, found := range project.Services {
		if ours(found) {
			assert.Contains(t, covered, name, "this service is never started by a test")
		}
	}
}
