package doctor

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/ops/schema"
	"github.com/sluicehq/sluice/pkg/provider"
)

// kafkaCluster is the installation's Kafka.
type kafkaCluster interface {
	Client(ctx context.Context) (*kgo.Client, error)
	Admin(ctx context.Context) (*kadm.Client, error)
	RequireTopics(ctx context.Context, names ...string) error
	EachRecord(ctx context.Context, topic string, since time.Time, take func(*kgo.Record) error) error
	Committed(ctx context.Context, group string) (reader.Offsets, error)
	Starts(ctx context.Context, topics ...string) (reader.Offsets, error)
	StableEnds(ctx context.Context, topics ...string) (reader.Offsets, error)
	OpenReader(ctx context.Context, cfg reader.Config) (*reader.Reader, error)
	AtTime(ctx context.Context, at time.Time, topics ...string) (reader.Offsets, error)
}

// schemaRegistry is the Schema Registry.
type schemaRegistry interface {
	Codec() (*codec.Registry, error)
	Undecoded(record *kgo.Record, err error) error
}

// Claims is the store of claims.
type Claims interface {
	CheckServer(ctx context.Context) (dedup.ServerReport, error)
	Status(ctx context.Context) error
	// Unreadable are keys of claims that something else has overwritten.
	Unreadable(ctx context.Context) ([]string, error)
}

// Deps of a Doctor; all are needed.
type Deps struct {
	Config   config.Config
	Names    topology.Names
	Cluster  kafkaCluster
	Registry schemaRegistry
	// Schemas asks the registry about every subject.
	Schemas func(ctx context.Context) ([]schema.Subject, error)
	// Claims opens the store of claims.
	Claims func() (Claims, error)
	// Declared are the topics that there should be.
	Declared func(o topology.Options) ([]topology.Topic, error)
	// Applied is what is applied now, and what is wrong with it.
	Applied func(ctx context.Context) (*resource.Resources, []resource.Problem, error)
	// Decisions reads the diagnostics from a time on.
	Decisions func(ctx context.Context, since time.Time, take func(*decision.Decision)) error
	Providers map[string]provider.Provider
	// Resources is what resources are compiled against.
	Resources resource.Installation
	// SenderGroup is the consumer group that reads a provider's deliveries.
	SenderGroup func(provider string) string
	// Secret reads a destination's secret as a sender would.
	Secret func(reference string) (provider.Secret, error)
	// HTTP goes where requests to a provider may go. Whoever asked closes it.
	HTTP func(provider.Provider) (*httpclient.Client, error)
	Now  func() time.Time
}

// Doctor holds nothing open and is safe for concurrent use.
type Doctor struct{ deps Deps }

// New makes a Doctor.
func New(deps Deps) *Doctor { return &Doctor{deps} }

// Answer is what was found. Its JSON is that of `sluice doctor --output json`.
type Answer struct {
	OK       bool      `json:"ok"`
	Problems int       `json:"problems"`
	Warnings int       `json:"warnings"`
	Findings []Finding `json:"findings"`
}

// Count is how many findings are of a level.
func (a *Answer) Count(level Level) int {
	n := 0
	for i := range a.Findings {
		if a.Findings[i].Level == level {
			n++
		}
	}
	return n
}

func answerOf(findings []Finding) Answer {
	a := Answer{Findings: findings}
	a.Problems, a.Warnings = a.Count(Problem), a.Count(Warning)
	a.OK = a.Problems == 0
	return a
}
