// Package cluster is an installation's Kafka cluster as operations and roles
// ask it: topics, offsets, retention, reading to an end, and writing in one
// transaction. Clients are connected when they are first needed.
package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/lazy"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// Config of a Cluster; all of it is needed.
type Config struct {
	// Kafka is how clients reach the cluster. It is asked for each client, so
	// that a secret which changed is read again.
	Kafka func() (kafka.Config, error)
	// Input is the analytics topic, which Sluice never creates.
	Input string
	// Log receives what happens to topics while they are read.
	Log func() *slog.Logger
}

// Cluster is safe for concurrent use until Close.
type Cluster struct {
	cfg    Config
	client lazy.Value[*kgo.Client]
}

// New makes a Cluster. Nothing is connected to yet.
func New(cfg Config) *Cluster { return &Cluster{cfg: cfg} }

// Close closes the client that was opened.
func (c *Cluster) Close() error {
	if client, opened := c.client.Taken(); opened {
		client.Close()
	}
	return nil
}

// Kafka is how clients reach the cluster.
func (c *Cluster) Kafka() (kafka.Config, error) { return c.cfg.Kafka() }

// Client is a plain client for metadata and admin work.
func (c *Cluster) Client(ctx context.Context) (*kgo.Client, error) {
	return c.client.Get(func() (*kgo.Client, error) { return c.connect(ctx) })
}

func (c *Cluster) connect(ctx context.Context) (*kgo.Client, error) {
	cfg, err := c.cfg.Kafka()
	if err != nil {
		return nil, err
	}
	opts, err := kafka.Options(cfg)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("making a Kafka client: %w", err)
	}
	ping, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := client.Ping(ping); err != nil {
		client.Close()
		return nil, &unready.Error{What: fmt.Sprintf("Kafka does not answer at %v", cfg.Brokers), Err: err, Fix: "start the brokers, or correct kafka.brokers (--brokers)"}
	}
	return client, nil
}

// Admin is the admin client.
func (c *Cluster) Admin(ctx context.Context) (*kadm.Client, error) {
	client, err := c.Client(ctx)
	if err != nil {
		return nil, err
	}
	return kadm.NewClient(client), nil
}

// Producer writes outside transactions. The caller closes it.
func (c *Cluster) Producer() (*kafka.Producer, error) {
	cfg, err := c.cfg.Kafka()
	if err != nil {
		return nil, err
	}
	return kafka.NewProducer(cfg)
}

// OpenReader opens a reader of the cluster that logs what happens to topics
// meanwhile. The caller closes it.
func (c *Cluster) OpenReader(ctx context.Context, cfg reader.Config) (*reader.Reader, error) {
	reach, err := c.cfg.Kafka()
	if err != nil {
		return nil, err
	}
	cfg.Kafka = reach
	if cfg.Notice == nil {
		cfg.Notice = c.Noticed
	}
	return reader.Open(ctx, cfg)
}

// Noticed logs what happened to a topic while it was read.
func (c *Cluster) Noticed(n reader.Notice) {
	c.cfg.Log().Warn("a topic changed while it was read", "detail", n.String())
}

// Each reads what a configuration says, to its end.
func (c *Cluster) Each(ctx context.Context, cfg reader.Config, take func(*kgo.Record) error) error {
	r, err := c.OpenReader(ctx, cfg)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Each(ctx, take, nil)
}

// EachRecord reads a topic from a time on to where it ends now, open
// transactions aside.
func (c *Cluster) EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error {
	return c.Each(ctx, reader.Config{Topics: []string{topic}, From: kafka.At(since), To: reader.Stable}, take)
}
