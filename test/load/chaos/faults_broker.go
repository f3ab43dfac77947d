package chaos

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/test/load/world"
)

// brokerFaults are what happens to Kafka and on the way there.
func brokerFaults() []fault {
	proxied := func(w *world.World) bool { return len(w.Kafka) > 0 }
	return []fault{
		{name: "kafka-answers-lost", needs: proxied, takes: 5 * time.Second, run: kafkaAnswersLost},
		{name: "kafka-unreachable", needs: proxied, takes: 6 * time.Second, run: kafkaUnreachable},
		{name: "kafka-connections-reset", needs: proxied, takes: 5 * time.Second, run: kafkaResets},
		{name: "one-broker-unreachable", needs: proxied, takes: 6 * time.Second, run: oneBrokerUnreachable},
		{name: "leaders-and-coordinators-move", needs: func(w *world.World) bool { return w.Control.MoveLeaders != nil }, takes: 5 * time.Second, run: leadersMove},
		{name: "broker-killed", needs: func(w *world.World) bool { return w.Control.LoseBroker != nil }, takes: 12 * time.Second, run: brokerKilled},
		{name: "broker-paused", needs: func(w *world.World) bool { return w.Control.PauseBroker != nil }, takes: 14 * time.Second, run: brokerPaused},
		{name: "commit-errors", needs: embedded, takes: 6 * time.Second, run: commitErrors},
		{name: "acl-removed", needs: embedded, takes: 6 * time.Second, run: aclRemoved},
		{name: "consent-loader-stalled", needs: embedded, takes: 8 * time.Second, run: consentStalled},
	}
}

// kafkaAnswersLost: what is produced and committed is applied, and nobody is
// told.
func kafkaAnswersLost(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "answers of Kafka were lost")()
	for _, p := range b.w.Kafka {
		if err := p.LoseAnswers(300 + b.rng.IntN(700)); err != nil {
			return err
		}
	}
	wait(ctx, 2500*time.Millisecond)
	for _, p := range b.w.Kafka {
		p.Clear(ctx)
	}
	return nil
}

func kafkaUnreachable(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "Kafka was unreachable")()
	for _, p := range b.w.Kafka {
		p.Down()
	}
	wait(ctx, 4*time.Second)
	var errs []error
	for _, p := range b.w.Kafka {
		errs = append(errs, p.Up())
	}
	return errors.Join(errs...)
}

func kafkaResets(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "connections to Kafka were cut")()
	for _, p := range b.w.Kafka {
		if err := p.Reset(0.5, 200+b.rng.IntN(400)); err != nil {
			return err
		}
	}
	wait(ctx, 3*time.Second)
	for _, p := range b.w.Kafka {
		p.Clear(ctx)
	}
	return nil
}

func oneBrokerUnreachable(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "a broker was unreachable")()
	p := pick(b.rng, b.w.Kafka)
	p.Down()
	wait(ctx, 4*time.Second)
	return p.Up()
}

func leadersMove(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "leaders moved")()
	for range 4 {
		if err := b.w.Control.MoveLeaders(ctx); err != nil {
			return err
		}
		wait(ctx, millis(b.rng, 300, 1200))
	}
	return nil
}

func brokerKilled(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "a broker was killed")()
	back, err := b.w.Control.LoseBroker(ctx)
	if err != nil {
		return err
	}
	wait(ctx, 5*time.Second)
	return back()
}

// brokerPaused: a broker keeps its connections and answers nothing, until the
// others take it for dead; then it comes back.
func brokerPaused(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "a broker was paused")()
	back, err := b.w.Control.PauseBroker(ctx)
	if err != nil {
		return err
	}
	wait(ctx, 11*time.Second)
	return back()
}

// commitErrors: the end of transactions fails in every way that a broker knows.
func commitErrors(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "commits failed")()
	keys := []kmsg.Key{kmsg.EndTxn, kmsg.TxnOffsetCommit, kmsg.AddOffsetsToTxn, kmsg.OffsetCommit}
	reasons := []*kerr.Error{
		kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.ConcurrentTransactions, kerr.CoordinatorLoadInProgress,
		kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress, kerr.RequestTimedOut, kerr.InvalidProducerEpoch,
	}
	for range 6 {
		h := b.w.Embedded.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{pick(b.rng, keys)}, Err: pick(b.rng, reasons), Count: 1 + b.rng.IntN(3)})
		wait(ctx, 700*time.Millisecond)
		h.Remove()
	}
	return nil
}

// aclRemoved: somebody took away the right to write one of our topics.
func aclRemoved(ctx context.Context, b *bench) error {
	defer b.ledger.Out("", "a right was taken away")()
	topic := pick(b.rng, []string{b.w.Names.Diagnostics(), b.w.Names.Delivery("meta", decision.LaneRealtime), b.w.Names.Retry("meta", "1m")})
	h := b.w.Embedded.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
	defer h.Remove()
	b.say("no right to write %s", topic)
	wait(ctx, 4*time.Second)
	return nil
}

// consentStalled: the consent topic cannot be read, so that nothing may be
// decided or sent once what is known is three seconds old.
func consentStalled(ctx context.Context, b *bench) error {
	h := b.w.Embedded.Cluster().Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: b.w.Names.Consent(), Err: kerr.UnknownServerError, Count: -1},
		kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: b.w.Names.Consent(), Err: kerr.UnknownServerError, Count: -1},
	)
	defer h.Remove()
	wait(ctx, 6*time.Second)
	return nil
}
