package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/load/role"
	"github.com/sluicehq/sluice/test/load/traffic"
)

// InputTopic is the analytics topic of every test installation.
const InputTopic = "analytics.events"

// Partitions of every keyed topic: enough that two processes share them.
const Partitions = 6

// World is one installation without roles.
type World struct {
	*Services
	// Dir holds configurations, secrets and logs; it is removed at the end
	// unless somebody wants to read the logs.
	Dir   string
	Names topology.Names
	// Client and Admin are the tester's own and go around the proxies.
	Client *kgo.Client
	Admin  *kadm.Client
	// Registry is direct too.
	Registry *sr.Client
	Sandbox  *sandbox.Sandbox
	Record   *Record

	mu      sync.Mutex
	slots   map[string]*Slot
	servers []*http.Server
	serving sync.WaitGroup
	clock   string
}

// Slot is the place of one process: its own way to Redis, to the registry and
// to the providers, and a configuration that says so.
type Slot struct {
	Name, Role string
	Tap        *Tap // to Redis
	Registry   *Tap
	Config     string
	// Cut is a file that cuts the process off from Kafka while it exists.
	Cut string
}

// Options of a world.
type Options struct {
	// Real starts services as local processes, unless their addresses stand
	// in the environment.
	Real bool
	// Log is told what takes time.
	Log func(string)
	// PoisonPerMille is the share of events that providers refuse for ever.
	PoisonPerMille int
}

// New starts the services, creates the topics and writes secrets. On an error
// nothing is left running.
func New(ctx context.Context, o Options) (_ *World, err error) {
	w := &World{Names: topology.Names{Prefix: "sluice"}, Record: &Record{}, slots: map[string]*Slot{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if w.Dir, err = os.MkdirTemp("", "loadgen-"); err != nil {
		return nil, fmt.Errorf("making a folder for the run: %w", err)
	}
	start := StartEmbedded
	if o.Real {
		start = func(ctx context.Context) (*Services, error) { return StartReal(ctx, o.Log) }
	}
	if w.Services, err = start(ctx); err != nil {
		return nil, err
	}
	if w.Client, err = w.NewClient(kgo.RecordPartitioner(kafka.Partitioner()), kgo.MaxBufferedRecords(100_000)); err != nil {
		return nil, err
	}
	w.Admin = kadm.NewClient(w.Client)
	plain := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	if w.Registry, err = sr.NewClient(sr.URLs(w.RegistryURL), sr.HTTPClient(plain)); err != nil {
		return nil, fmt.Errorf("making a registry client: %w", err)
	}
	w.Sandbox, err = sandbox.New(sandbox.Config{PoisonPerMille: o.PoisonPerMille, ProcessingTime: 5 * time.Second}, sandbox.Deps{})
	if err != nil {
		return nil, err
	}
	if err := w.CreateInput(ctx); err != nil {
		return nil, err
	}
	if err := w.WriteSecrets(); err != nil {
		return nil, err
	}
	w.clock = filepath.Join(w.Dir, "clock")
	tools, err := w.Slot(ctx, "tools", "tools")
	if err != nil {
		return nil, err
	}
	return w, w.Sluice(ctx, "topology", "apply", "--partitions", fmt.Sprint(Partitions), "--replication", fmt.Sprint(w.Replication), "--config", tools.Config)
}

// NewClient makes a Kafka client that goes around the proxies.
func (w *World) NewClient(opts ...kgo.Opt) (*kgo.Client, error) {
	all := []kgo.Opt{kgo.SeedBrokers(w.Brokers...), kgo.ClientID("loadgen"), kgo.FetchMaxWait(100 * time.Millisecond)}
	if w.Dial != nil {
		all = append(all, kgo.Dialer(w.Dial))
	}
	client, err := kgo.NewClient(append(all, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("making a Kafka client: %w", err)
	}
	return client, nil
}

// CreateInput creates the analytics topic, which is not Sluice's.
func (w *World) CreateInput(ctx context.Context) error {
	_, err := w.Admin.CreateTopic(ctx, Partitions, int16(w.Replication), nil, InputTopic)
	if err != nil {
		return fmt.Errorf("creating %s: %w", InputTopic, err)
	}
	return nil
}

// Sluice runs a command line of sluice to its end; it must succeed.
func (w *World) Sluice(ctx context.Context, args ...string) error {
	cmd, err := role.Command(ctx, nil, args...)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running sluice %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// Apply applies resources given as YAML.
func (w *World) Apply(ctx context.Context, resources string) error {
	tools, err := w.Slot(ctx, "tools", "tools")
	if err != nil {
		return err
	}
	path := filepath.Join(w.Dir, "resources.yaml")
	if err := os.WriteFile(path, []byte(resources), 0o600); err != nil {
		return fmt.Errorf("writing resources: %w", err)
	}
	return w.Sluice(ctx, "apply", "-f", path, "--config", tools.Config)
}

// WriteSecrets writes, or writes again, the credentials that the stand-ins
// take.
func (w *World) WriteSecrets() error {
	files := map[string]string{
		"shop-meta.json":    `{"access_token": "sandbox-meta-zq7xtoken"}`,
		"near-meta.json":    `{"access_token": "sandbox-meta-zq7xtoken"}`,
		"shop-google.json":  `{"client_id": "sandbox", "client_secret": "sandbox-zq7xsecret", "refresh_token": "sandbox-google-zq7xrefresh"}`,
		"shop-webhook.json": fmt.Sprintf(`{"signing_key": %q}`, sandbox.URLsAt("")["webhook_key"]),
		"privacy.key":       "zq7xprivacy: a key of more than thirty-two bytes",
		"erase.key":         "zq7xerase: a key of more than thirty-two bytes",
	}
	for provider, name := range traffic.Secrets() {
		secret, err := json.Marshal(w.Sandbox.Secret(provider, "zq7xtoken"))
		if err != nil {
			return fmt.Errorf("writing credentials of %s: %w", provider, err)
		}
		files[name] = string(secret)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(w.Dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing credentials: %w", err)
		}
	}
	return nil
}

// SetClock moves the clock of every role.
func (w *World) SetClock(by time.Duration) error {
	if err := os.WriteFile(w.clock, []byte(by.String()), 0o600); err != nil {
		return fmt.Errorf("moving the roles' clock: %w", err)
	}
	return nil
}

// Clock is the file that SetClock writes.
func (w *World) Clock() string { return w.clock }

// Close stops everything; the folder stays for KeepLogs.
func (w *World) Close() error {
	var errs []error
	for _, s := range w.servers {
		errs = append(errs, s.Close())
	}
	w.serving.Wait()
	for _, s := range w.slots {
		s.Tap.Close()
		s.Registry.Close()
	}
	if w.Client != nil {
		w.Client.Close()
	}
	if w.Services != nil {
		errs = append(errs, w.Services.Close())
	}
	return errors.Join(errs...)
}

// RemoveLogs removes the folder of the run.
func (w *World) RemoveLogs() error { return os.RemoveAll(w.Dir) }

// Slot gives the place of that name, and makes it the first time.
func (w *World) Slot(ctx context.Context, name, roleName string) (*Slot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.slots[name]; s != nil {
		return s, nil
	}
	tap, err := NewTap(ctx, w.Redis.Addr())
	if err != nil {
		return nil, err
	}
	registry, err := NewTap(ctx, w.RegistryProxy.Addr())
	if err != nil {
		tap.Close()
		return nil, err
	}
	s := &Slot{Name: name, Role: roleName, Tap: tap, Registry: registry, Config: filepath.Join(w.Dir, name+".yaml"), Cut: filepath.Join(w.Dir, name+".cut")}
	w.slots[name] = s
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the providers' stand-ins: %w", err)
	}
	server := &http.Server{Handler: w.Record.Around(name, w.Sandbox.Handler()), ReadHeaderTimeout: 10 * time.Second}
	w.servers = append(w.servers, server)
	w.serving.Go(func() {
		_ = server.Serve(listener) // always http.ErrServerClosed, after Close
	})
	return s, w.writeConfig(s, "http://"+listener.Addr().String())
}
