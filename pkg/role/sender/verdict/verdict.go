package verdict

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/provider"
)

// The defaults of asking.
const (
	// DefaultEvery is how long after the acceptance, and then between two
	// questions, a request is asked about.
	DefaultEvery = 30 * time.Minute
	// DefaultFor is how long it is asked about.
	DefaultFor = 24 * time.Hour
	// MaxRecords is how many submissions a batch of the loop should hold: each
	// is a request to the provider, and a batch that is interrupted asks again.
	MaxRecords = 50
	// MaxBytes of submissions in a batch of the loop.
	MaxBytes = 4 << 20
)

// Config of a Worker. The zero value of every field but Provider is a usable
// default.
type Config struct {
	// Provider is the provider's name.
	Provider string
	Topics   topology.Names
	// Every is the loop's delay, for the record of when is asked next. Default
	// DefaultEvery.
	Every time.Duration
	// For is how long after its acceptance a request is asked about; what is
	// not known then stays unknown. Default DefaultFor.
	For time.Duration
	// Parallel questions. Default 4.
	Parallel int
	// Bypass goes on without claims while Redis is unavailable; the default
	// waits.
	Bypass bool
	// AppVersion stands in diagnostics.
	AppVersion string
}

// Question is one request to the provider about a destination.
type Question struct {
	Destination string
	// Account is the fingerprint of the account that the events went to.
	Account string
	Request func(t *provider.Endpoint) provider.Request
	// Read says what kind of answer it was. It is called once at most, before
	// Ask returns, and not where the provider did not answer.
	Read func(r *provider.Response) provider.Answer
}

// ErrGone says that there is no such destination any more, or it has another account,
// so that nobody can ask.
var ErrGone = errors.New("the destination is gone, or has another account")

// asker asks with the destination's credentials and within its budget of
// requests; *sender.Sender is one. The answer is that of Read, or what stands
// for it where the provider was not reached. An error other than ErrGone says
// that nothing can be asked now.
type asker interface {
	Ask(ctx context.Context, q Question) (provider.Answer, error)
}

// submissions reads records of the submissions topic. A *codec.PendingError
// means that only the registry can say what the record is.
type submissions interface {
	Decode(ctx context.Context, value []byte, dst *codec.Submission) error
}

// claims gives back what the provider refused; *dedup.Store is one.
type claims interface {
	Forget(ctx context.Context, requests []dedup.Request) error
}

// encoder writes what is published; *codec.Writer is one.
type encoder interface {
	AppendDiagnostic(dst []byte, d *decision.Decision) []byte
	AppendSubmission(dst []byte, s *codec.Submission) []byte
}

// Meter receives counts, once their batch has committed.
type Meter interface {
	// Verdict: n events came to the same end.
	Verdict(status decision.Status, reason decision.Reason, n int)
	// Asked: n questions had the outcome.
	Asked(outcome Outcome, n int)
}

// Outcome is what one question came to.
type Outcome uint8

// The outcomes.
const (
	Settled    Outcome = iota // the verdict is known
	Processing                // the provider is not finished: asked again
	Failed                    // the question failed: asked again
	Unknown                   // nobody will ever know
	outcomes
)

var outcomeNames = [outcomes]string{"settled", "processing", "failed", "unknown"}

// String gives the word used in metrics.
func (o Outcome) String() string {
	if o < outcomes {
		return outcomeNames[o]
	}
	return "outcome(?)"
}

// Deps of a Worker. All are required but Meter, Log and Now.
type Deps struct {
	Asker       asker
	Verdicts    provider.Verdicts
	Submissions submissions
	Claims      claims
	Encoder     encoder
	Meter       Meter
	Log         *slog.Logger
	Now         func() time.Time
}

// Worker is the work of one loop and belongs to its goroutine.
type Worker struct {
	cfg   Config
	deps  Deps
	tally tally // of the batch in hand
}

// New makes a Worker.
func New(cfg Config, deps Deps) *Worker {
	if cfg.Every <= 0 {
		cfg.Every = DefaultEvery
	}
	if cfg.For <= 0 {
		cfg.For = DefaultFor
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 4
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &Worker{cfg: cfg, deps: deps}
}

// tally counts a batch.
type tally struct {
	ends  map[end]int
	asked [outcomes]int
}

type end struct {
	status decision.Status
	reason decision.Reason
}

// Committed is told when the batch's transaction has committed: only then do
// its decisions count.
func (w *Worker) Committed() {
	t := w.tally
	w.tally = tally{}
	if w.deps.Meter == nil {
		return
	}
	for e, n := range t.ends {
		w.deps.Meter.Verdict(e.status, e.reason, n)
	}
	for o, n := range t.asked {
		if n > 0 {
			w.deps.Meter.Asked(Outcome(o), n)
		}
	}
}

// output collects the records of a batch.
type output struct{ records []*kgo.Record }

func (o *output) add(topic string, key, value []byte) {
	o.records = append(o.records, &kgo.Record{Topic: topic, Key: key, Value: value})
}
