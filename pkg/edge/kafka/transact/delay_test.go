package transact_test

import (
	"context"
	"strconv"
	"sync/atomic"
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

// What a loop waits with when it is drained stays uncommitted, also where more
// that is due already lies behind it.
func TestADrainPassesNothingThatWaits(t *testing.T) {
	for range 20 { // which goroutine learns of the drain first is chance
		synctest.Test(t, func(t *testing.T) {
			b := setupIn(t, embedded.Config{Virtual: true})
			cfg := b.config("t-0")
			cfg.Delay, cfg.SessionTimeout = 2*time.Minute, 10*time.Second
			write := func(i int, at time.Time) {
				require.NoError(t, b.producer.Produce(b.ctx(), &kgo.Record{
					Topic: input, Key: []byte("k"), Value: []byte(strconv.Itoa(i)), Timestamp: at,
				}))
			}
			write(0, time.Now())
			l := b.run(cfg, transact.Deps{})
			time.Sleep(10 * time.Second)
			require.Equal(t, "delaying", l.Snapshot().State)
			write(1, time.Now().Add(-5*time.Minute))
			time.Sleep(10 * time.Second)
			require.NoError(t, l.end())

			l = b.run(cfg, transact.Deps{})
			time.Sleep(3 * time.Minute)
			require.NoError(t, l.end())
			b.once(output, 2)
			b.close()
		})
	}
}

// A clock that goes back while a loop waits makes nothing wait longer.
func TestAClockThatGoesBackLengthensNoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setupIn(t, embedded.Config{Virtual: true})
		cfg := b.config("t-0")
		cfg.Delay, cfg.SessionTimeout = 30*time.Second, 10*time.Second
		var jump atomic.Int64
		l := b.run(cfg, transact.Deps{Now: func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }})
		<-l.Ready()
		b.produce(0, 1)
		time.Sleep(10 * time.Second)
		jump.Store(int64(-time.Hour))
		time.Sleep(21 * time.Second)
		require.Equal(t, 1, l.seen.reads())
		require.NoError(t, l.end())
		b.once(output, 1)
		b.close()
	})
}
