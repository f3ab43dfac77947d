package embedded_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var topics = []embedded.Topic{{Name: "a", Partitions: 3, Configs: map[string]string{"cleanup.policy": "compact"}}}

func TestServicesAreReachable(t *testing.T) {
	s, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Topics: topics})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()); require.NoError(t, s.Close()) }()
	use(t, s)
}

func TestVirtualServicesFollowTheBubblesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := embedded.Start(t.Context(), embedded.Config{Brokers: 2, Topics: topics, Virtual: true})
		require.NoError(t, err)
		defer func() { require.NoError(t, s.Close()) }()
		use(t, s)
		client := redis.NewClient(s.RedisOptions())
		defer func() { require.NoError(t, client.Close()) }()
		require.NoError(t, client.Set(t.Context(), "k", "v", 9*24*time.Hour).Err())
		time.Sleep(10 * 24 * time.Hour)
		require.ErrorIs(t, client.Get(t.Context(), "k").Err(), redis.Nil)
	})
}

func use(t *testing.T, s *embedded.Services) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	p, err := kafka.NewProducer(s.Kafka())
	require.NoError(t, err)
	require.NoError(t, p.Produce(ctx, &kgo.Record{Topic: "a", Key: []byte("k"), Value: []byte("v")}))
	adm := kadm.NewClient(p.Client())
	details, err := adm.ListTopics(ctx, "a")
	require.NoError(t, err)
	require.Len(t, details["a"].Partitions, 3)
	require.NotEqual(t, kadm.TopicID{}, details["a"].ID)
	_, err = adm.CreateTopic(ctx, 6, 1, nil, "b")
	require.NoError(t, err)
	require.NoError(t, p.Close(ctx))

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.RegistryURL()+"/subjects", nil)
	require.NoError(t, err)
	res, err := s.HTTPClient().Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.JSONEq(t, "[]", string(body))

	client := redis.NewClient(s.RedisOptions())
	defer func() { require.NoError(t, client.Close()) }()
	require.NoError(t, client.Set(ctx, "x", "y", time.Minute).Err())
}
