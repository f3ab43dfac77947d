package boot_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/test/patience"
)

// TestAStartThatWaitsCanBeProbedAndStopped: the registry is away, so the roles do
// not run; an orchestrator's probe is answered meanwhile, and a drain ends the
// wait without an error, because nothing is in hand.
func TestAStartThatWaitsCanBeProbedAndStopped(t *testing.T) {
	t.Parallel()
	for name, roles := range map[string]boot.Roles{
		"router": {Router: true},
		"sender": {Senders: []string{"meta"}},
		"all":    {Router: true, Senders: []string{"meta", "google"}, Monitor: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, _ := installation(t)
			e.Config.Registry.URL = "http://127.0.0.1:1" // nobody listens there
			e = again(t, e)
			log, drain, done := &output{}, make(chan struct{}), make(chan error, 1)
			go func() { done <- e.Run(context.Background(), drain, roles, boot.RunOptions{Output: log}) }()
			patience.Until(t, "the wait for the registry", func() bool {
				return log.find(`does not give our schemas`) != nil && log.find(`admin endpoint listens.* address=(\S+)`) != nil
			})
			base := "http://" + log.find(`admin endpoint listens.* address=(\S+)`)[1]
			code, _ := get(t, base+"/livez")
			require.Equal(t, http.StatusOK, code)
			code, _ = get(t, base+"/readyz")
			require.Equal(t, http.StatusServiceUnavailable, code)
			code, body := get(t, base+"/statusz")
			require.Equal(t, http.StatusOK, code, body)
			close(drain)
			require.NoError(t, patience.Receive(t, done, "the end of the roles"))
		})
	}
}

// TestTheMonitorNeedsNoRedis: it only reads Kafka, and its alerts matter most
// where something else is away.
func TestTheMonitorNeedsNoRedis(t *testing.T) {
	t.Parallel()
	e, _ := installation(t)
	e.Config.Redis.Address = "127.0.0.1:1" // nobody listens there
	e = again(t, e)
	ready, drain, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- e.Run(context.Background(), drain, boot.Roles{Monitor: true}, boot.RunOptions{Output: &output{}, Ready: func() { close(ready) }})
	}()
	select {
	case <-ready:
		close(drain)
		require.NoError(t, patience.Receive(t, done, "the end of the monitor"))
	case err := <-done:
		t.Fatalf("the monitor ended: %v", err)
	}
}

// again is an Env of the same services with what its configuration says now.
func again(t *testing.T, e *boot.Env) *boot.Env {
	t.Helper()
	other, err := boot.NewEnv(e.Config, boot.Options{Version: "test", EmbeddedRedis: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	return other
}
