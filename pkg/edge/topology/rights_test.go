package topology_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
)

// TestRightsNameTheInstallation: a right is of no use under another name.
func TestRightsNameTheInstallation(t *testing.T) {
	t.Parallel()
	rights, err := topology.Rights("router", topology.RightsOptions{Prefix: "acme", Input: "clicks", Groups: map[string]string{"sluice-router": "acme-router"}})
	require.NoError(t, err)
	require.Contains(t, rights, topology.Right{Kind: topology.TopicRight, Name: "clicks", Operations: []string{"read"}})
	require.Contains(t, rights, topology.Right{Kind: topology.TopicRight, Name: "acme.delivery.", Prefixed: true, Operations: []string{"write", "describe_configs"}})
	require.Contains(t, rights, topology.Right{Kind: topology.GroupRight, Name: "acme-router", Prefixed: true, Operations: []string{"read"}})
	require.Contains(t, rights, topology.Right{Kind: topology.TransactionalRight, Name: "acme-router", Prefixed: true, Operations: []string{"write"}})
	for _, r := range rights {
		require.NotContains(t, r.Name, "*")
		if r.Kind == topology.TopicRight && r.Name == "clicks" {
			require.Equal(t, []string{"--add", "--allow-principal", "User:r", "--operation", "Read", "--topic", "clicks"}, r.Command("User:r"))
		}
	}
	_, err = topology.Rights("owner", topology.RightsOptions{})
	require.ErrorContains(t, err, "operator, router, sender")
}

// TestGrantedRightsAreTheClustersOwn grants on a broker that refuses whatever
// no ACL permits.
func TestGrantedRightsAreTheClustersOwn(t *testing.T) {
	t.Parallel()
	ctx, cancel := patience.Context(t)
	defer cancel()
	services, err := embedded.Start(ctx, embedded.Config{
		Topics:       []embedded.Topic{{Name: "clicks"}},
		KafkaOptions: []kfake.Opt{kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "admin", "a"), kfake.User("PLAIN", "router", "r")},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, services.Close()) }()
	as := func(user, password string) *kgo.Client {
		client, err := kgo.NewClient(kgo.SeedBrokers(services.Kafka().Brokers...), kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()),
			kgo.ConsumeTopics("clicks"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		require.NoError(t, err)
		return client
	}
	admin, router := as("admin", "a"), as("router", "r")
	defer admin.Close()
	defer router.Close()
	require.NoError(t, admin.ProduceSync(ctx, &kgo.Record{Topic: "clicks", Value: []byte("x")}).FirstErr())
	require.ErrorIs(t, router.PollFetches(ctx).Err(), kerr.TopicAuthorizationFailed)

	rights, err := topology.Rights("router", topology.RightsOptions{Input: "clicks"})
	require.NoError(t, err)
	require.NoError(t, topology.Grant(ctx, admin, "User:router", rights))
	require.NoError(t, topology.Grant(ctx, admin, "User:router", rights), "what is granted already stays")
	allowed := as("router", "r")
	defer allowed.Close()
	require.Len(t, allowed.PollFetches(ctx).Records(), 1)
	require.ErrorIs(t, allowed.ProduceSync(ctx, &kgo.Record{Topic: "clicks", Value: []byte("x")}).FirstErr(), kerr.TopicAuthorizationFailed)
}
