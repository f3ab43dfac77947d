package boot_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
)

// output is a log that can be read while it is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) find(pattern string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return regexp.MustCompile(pattern).FindStringSubmatch(o.text.String())
}

// installation is an Env on embedded services with every topic, and its admin
// endpoint on.
func installation(t *testing.T) (*boot.Env, *embedded.Services) {
	t.Helper()
	declared, _, err := topology.Declared(topology.Options{Partitions: 1, Replication: 1})
	require.NoError(t, err)
	cfg := config.Default()
	all := []embedded.Topic{{Name: cfg.Topics.Input}}
	for _, topic := range declared {
		all = append(all, embedded.Topic{Name: topic.Name, Partitions: topic.Partitions, Configs: topic.Configs})
	}
	services, err := embedded.Start(t.Context(), embedded.Config{Topics: all})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, services.Close()) })
	cfg.Kafka.Brokers, cfg.Registry.URL, cfg.Redis.Address = services.Kafka().Brokers, services.RegistryURL(), services.RedisOptions().Addr
	cfg.Admin.Listen, cfg.Telemetry.Log.Format, cfg.Telemetry.Log.Level = "127.0.0.1:0", "text", "info"
	e, err := boot.NewEnv(cfg, boot.Options{Version: "test", EmbeddedRedis: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e, services
}

// running runs roles until the test ends; it gives where their admin endpoint
// listens.
func running(t *testing.T, e *boot.Env, roles boot.Roles) (base string, log *output) {
	t.Helper()
	log, drain, done, ready := &output{}, make(chan struct{}), make(chan error, 1), make(chan struct{})
	go func() {
		done <- e.Run(context.Background(), drain, roles, boot.RunOptions{Output: log, Ready: func() { close(ready) }})
	}()
	t.Cleanup(func() {
		close(drain)
		require.NoError(t, <-done)
	})
	select {
	case <-ready:
	case err := <-done:
		done <- err
		require.NoError(t, err, "the roles ended")
	}
	address := log.find(`admin endpoint listens.* address=(\S+)`)
	require.NotNil(t, address)
	return "http://" + address[1], log
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// The monitor loses its right to read the diagnostics and is given it again.
// The router beside it never notices.
func TestAMonitorThatFailsTakesNoRouterWithIt(t *testing.T) {
	t.Parallel()
	e, services := installation(t)
	base, log := running(t, e, boot.Roles{Router: true, Monitor: true})
	code, body := get(t, base+"/readyz")
	require.Equal(t, http.StatusOK, code, body)

	fault := services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: e.Names.Diagnostics(), Err: kerr.TopicAuthorizationFailed, Count: -1})
	defer fault.Remove()
	patience.Until(t, "a monitor that is not ready", func() bool {
		code, body = get(t, base+"/readyz")
		return code == http.StatusServiceUnavailable
	})
	require.Contains(t, body, "role/monitor")
	require.Contains(t, body, "it is started again")
	patience.Until(t, "a second start", func() bool {
		_, metrics := get(t, base+"/metrics")
		return regexp.MustCompile(`sluice_role_restarts_total\{.*role="monitor"\} [2-9]`).MatchString(metrics)
	})
	_, metrics := get(t, base+"/metrics")
	require.Regexp(t, `sluice_role_restarts_total\{.*role="router-0"\} 0`, metrics)
	require.NotNil(t, log.find(`level=ERROR msg="role failed and is started again" role=monitor`))

	fault.Remove()
	patience.Until(t, "a monitor that works again", func() bool {
		code, _ = get(t, base+"/readyz")
		return code == http.StatusOK
	})
	_, status := get(t, base+"/statusz")
	require.Regexp(t, `"restarts": ?[2-9]`, status)
}

// Two processes with one router.instance would take turns for ever: that ends
// the process, with what to do.
func TestARouterThatIsFencedAgainAndAgainEndsTheProcess(t *testing.T) {
	t.Parallel()
	e, services := installation(t)
	client, err := e.Cluster.Client(t.Context())
	require.NoError(t, err)
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: e.Config.Topics.Input, Value: []byte("no event")}).FirstErr())
	fault := services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TopLevel: true, Err: kerr.ProducerFenced, Count: -1})
	defer fault.Remove()
	ctx, cancel := patience.Context(t)
	defer cancel()
	err = e.Run(ctx, nil, boot.Roles{Router: true}, boot.RunOptions{Output: io.Discard})
	require.ErrorIs(t, err, transact.ErrFenced)
	require.ErrorContains(t, err, "SLUICE_ROUTER_INSTANCE")
}
