package sender

import (
	"errors"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/role/sender/intake"
)

// Config of a sender. The zero value of every field but Kafka is a usable
// default.
type Config struct {
	Kafka  kafka.Config
	Topics topology.Names
	// Group is the consumer group; default <prefix>.sender.<provider>.
	Group string
	// Instance names this process in destination status records. Default "sender".
	Instance string
	// SessionTimeout of the group membership. Default kafka.DefaultSessionTimeout.
	SessionTimeout time.Duration

	// BaseURL and TokenURL replace the provider's own addresses.
	BaseURL, TokenURL string
	// Bypass sends without claims while Redis is unavailable; the default waits.
	Bypass bool

	// WindowBytes of unfinished deliveries over all partitions. Default 64 MiB.
	WindowBytes int
	// InFlight requests at a time per destination, default 4, and over all
	// destinations, default 64.
	InFlight, TotalInFlight int
	// RealtimeLinger is how long the realtime lane lingers for more, default
	// 200 ms; BatchWait is the batch lane's wait where a mapping sets none,
	// default 60 s.
	RealtimeLinger, BatchWait time.Duration
	// ReplayShare of a destination's rate is for replays. Default 0.2.
	ReplayShare float64
	// QuotaPerMinute is how many requests a quota project may make. Default
	// 300, Google's figure. QuotaPerDay is reported and not enforced: the
	// provider says when it is used up, and until when. Default 100,000.
	QuotaPerMinute float64
	QuotaPerDay    int
	// Delays of the retry topics. Default 1 m, 10 m, 1 h, and 6 h parked.
	Delays Delays

	// LongWait is how long deliveries wait in memory before they are moved to
	// a retry topic. Default 30 s.
	LongWait time.Duration
	// ProbeEvery is how often a blocked destination is tried. Default 1 h.
	ProbeEvery time.Duration
	// WatchEvery is how often resources and secrets are looked at for
	// changes. Default 1 s.
	WatchEvery time.Duration
	// CommitEvery is how often offsets are committed. Default 1 s.
	CommitEvery time.Duration
	// RevokeTimeout bounds finishing the work of partitions that are taken
	// away. Default 10 s.
	RevokeTimeout time.Duration
	// MaxAge ends a delivery this long after its first hand-over. Default 7 d.
	MaxAge time.Duration
	// PollRecords at most enter the window at once. Default 1000.
	PollRecords int
}

// Delays are the fixed delays of the retry topics.
type Delays = intake.Delays

func (c Config) withDefaults(provider string) Config {
	set := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	count := func(n *int, fallback int) {
		if *n <= 0 {
			*n = fallback
		}
	}
	prefix := c.Topics.Prefix
	if prefix == "" {
		prefix = topology.DefaultPrefix
	}
	if c.Group == "" {
		c.Group = prefix + ".sender." + provider
	}
	if c.Instance == "" {
		c.Instance = "sender"
	}
	count(&c.WindowBytes, 64<<20)
	count(&c.InFlight, 4)
	count(&c.TotalInFlight, 64)
	count(&c.PollRecords, 1000)
	count(&c.QuotaPerDay, 100_000)
	set(&c.RealtimeLinger, 200*time.Millisecond)
	set(&c.BatchWait, time.Minute)
	set(&c.Delays.Retry[0], time.Minute)
	set(&c.Delays.Retry[1], 10*time.Minute)
	set(&c.Delays.Retry[2], time.Hour)
	set(&c.Delays.Parked, 6*time.Hour)
	set(&c.LongWait, 30*time.Second)
	set(&c.ProbeEvery, time.Hour)
	set(&c.WatchEvery, time.Second)
	set(&c.CommitEvery, time.Second)
	set(&c.RevokeTimeout, 10*time.Second)
	set(&c.MaxAge, 7*24*time.Hour)
	if c.ReplayShare <= 0 || c.ReplayShare > 1 {
		c.ReplayShare = 0.2
	}
	if c.QuotaPerMinute <= 0 {
		c.QuotaPerMinute = 300
	}
	return c
}

func (d Deps) validate() error {
	var errs []error
	need := func(ok bool, name string) {
		if !ok {
			errs = append(errs, errors.New(name+" is missing"))
		}
	}
	need(d.Provider != nil, "the provider")
	need(d.Tables != nil, "the tables")
	need(d.Claims != nil, "the claims")
	need(d.Deliveries != nil, "the decoder of deliveries")
	need(d.Encoder != nil, "the encoder")
	need(d.Producer != nil, "the producer")
	need(d.HTTP != nil, "the HTTP client")
	need(d.Secrets != nil, "the secrets")
	return errors.Join(errs...)
}
