//go:build realservices

package embedded_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/place"
)

// TestOnServices plays on Kafka what TestMembersWaitAndDieAsOnKafka says that
// Kafka does.
func TestOnServices(t *testing.T) {
	t.Parallel()
	for _, scene := range []struct {
		name string
		play func(*testing.T, *stage)
	}{
		{"killed while it waits for its JoinGroup", killedWhileItJoins},
		{"waits longer than its session", waitsLongerThanItsSession},
		{"waits for a leader that was killed", waitsForALeaderThatWasKilled},
		{"leaves while it waits for its SyncGroup", leavesWhileItSyncs},
		{"is replaced while it waits for its SyncGroup", replacedWhileItSyncs},
	} {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			where := place.Open(t, embedded.Config{})
			client, err := kgo.NewClient(kgo.SeedBrokers(where.Kafka().Brokers...))
			require.NoError(t, err)
			defer client.Close()
			s := &stage{t: t, session: 10 * time.Second, dial: (&net.Dialer{}).DialContext, name: where.Name("group")}
			_, err = kadm.NewClient(client).FetchOffsets(t.Context(), s.name) // retried until there is a coordinator
			require.NoError(t, err)
			coordinators := kadm.NewClient(client).FindGroupCoordinators(t.Context(), s.name)
			require.NoError(t, coordinators.Error())
			coordinator := coordinators[s.name]
			s.address = net.JoinHostPort(coordinator.Host, fmt.Sprint(coordinator.Port))
			defer s.close()
			scene.play(t, s)
		})
	}
}
