package transact_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

func TestADelayedLoopWorksWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setupIn(t, embedded.Config{Virtual: true})
		cfg := b.config("t-0")
		cfg.Delay, cfg.SessionTimeout = 30*time.Second, 10*time.Second
		var waits []time.Duration
		l := b.run(cfg, transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
			for _, r := range batch.Records {
				waits = append(waits, time.Since(r.Timestamp))
			}
			return copies(ctx, batch)
		}})
		<-l.Ready()
		for i := range 600 { // ten minutes of events
			b.produce(i, 1)
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Minute)
		require.Equal(t, 600, l.seen.reads())
		for _, w := range waits {
			require.GreaterOrEqual(t, w, 30*time.Second)
			require.Less(t, w, 62*time.Second)
		}
		require.NoError(t, l.end())
		b.once(output, 600)
		b.close()
	})
}

func TestADrainDoesNotWaitForTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setupIn(t, embedded.Config{Virtual: true})
		cfg := b.config("t-0")
		cfg.Delay, cfg.SessionTimeout = 6*time.Hour, 10*time.Second
		b.produce(0, 10)
		l := b.run(cfg, transact.Deps{})
		time.Sleep(time.Hour)
		require.Equal(t, "delaying", l.Snapshot().State)
		began := time.Now()
		require.NoError(t, l.end())
		require.Less(t, time.Since(began), 5*time.Second)

		l = b.run(cfg, transact.Deps{})
		time.Sleep(5*time.Hour + time.Minute)
		require.Equal(t, 10, l.seen.reads(), "nothing was lost, and the delay counts from the append")
		require.NoError(t, l.end())
		b.once(output, 10)
		b.close()
	})
}

// A clock that was ahead when it wrote must not stop everything behind the
// record until it comes true: a record that is there was appended by now.
func TestATimestampFromTheFutureWaitsNoLongerThanTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setupIn(t, embedded.Config{Virtual: true})
		cfg := b.config("t-0")
		cfg.Delay, cfg.SessionTimeout = 30*time.Second, 10*time.Second
		require.NoError(t, b.producer.Produce(b.ctx(), &kgo.Record{
			Topic: input, Key: []byte("0"), Value: []byte("0"), Timestamp: time.Now().Add(6 * time.Hour),
		}))
		l := b.run(cfg, transact.Deps{})
		<-l.Ready()
		time.Sleep(time.Minute)
		require.Equal(t, 1, l.seen.reads())
		require.NoError(t, l.end())
		b.once(output, 1)
		b.close()
	})
}
