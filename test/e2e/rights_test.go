//go:build realservices

package e2e_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/test/patience"
	"github.com/sluicehq/sluice/test/place"
	"github.com/sluicehq/sluice/test/services"
)

// user is a principal that may do what one role declares, over TLS with SASL.
type user struct {
	name, password, mechanism string
	w                         *world
	brokers                   []string
	authority                 string
}

// newUser makes one; its rights are granted by the command that operators use.
func (w *world) newUser(role string) *user {
	w.t.Helper()
	u := &user{name: w.services.Prefix() + "-" + role, password: "secret of " + role, mechanism: kafka.ScramSHA512, w: w}
	u.brokers, u.authority = w.services.Secure()
	require.NotEmpty(w.t, u.brokers, "start the services with -secure, or set %s and %s", services.EnvSecureKafka, services.EnvSecureCA)
	u.setPassword(u.password)
	return u
}

// setPassword makes the user, or rotates its password.
func (u *user) setPassword(password string) {
	u.w.t.Helper()
	u.password = password
	answers, err := kadm.NewClient(u.w.client).AlterUserSCRAMs(u.w.t.Context(), nil, []kadm.UpsertSCRAM{{
		User: u.name, Mechanism: kadm.ScramSha512, Iterations: 4096, Password: password,
	}})
	require.NoError(u.w.t, errors.Join(err, answers.Error()))
	// The cluster says yes before its brokers know.
	client := u.client()
	patience.Until(u.w.t, "the cluster to know "+u.name, func() bool { return client.Ping(u.w.t.Context()) == nil })
}

func (u *user) grant(role string) {
	u.w.t.Helper()
	u.w.succeed("topology", "acls", "--role", role, "--principal", "User:"+u.name, "--apply")
}

// settings make a process be this user.
func (u *user) settings(more ...string) []string {
	return append([]string{
		"SLUICE_KAFKA_BROKERS=" + strings.Join(u.brokers, ","), "SLUICE_KAFKA_TLS_ENABLED=true", "SLUICE_KAFKA_TLS_CA_FILE=" + u.authority,
		"SLUICE_KAFKA_SASL_MECHANISM=" + u.mechanism, "SLUICE_KAFKA_SASL_USERNAME=" + u.name, "SLUICE_KAFKA_SASL_PASSWORD=" + u.password,
	}, more...)
}

func (u *user) start(command ...string) *process {
	return start(u.w.t, u.settings("SLUICE_ROUTER_INSTANCE="+command[0]), append(command, "--config", u.w.config)...)
}

func (u *user) succeed(args ...string) result {
	u.w.t.Helper()
	return succeed(u.w.t, u.settings(), append(args, "--config", u.w.config)...)
}

func (u *user) client() *kgo.Client {
	u.w.t.Helper()
	opts, err := kafka.Options(kafka.Config{
		Brokers: u.brokers, TLS: kafka.TLS{Enabled: true, CAFile: u.authority},
		SASL: kafka.SASL{Mechanism: u.mechanism, Username: u.name, Password: u.password},
	})
	require.NoError(u.w.t, err)
	client, err := kgo.NewClient(opts...)
	require.NoError(u.w.t, err)
	u.w.t.Cleanup(client.Close)
	return client
}

// may asks the cluster which of some topics this user may read and write.
func (u *user) may(topics []string) (read, write []string) {
	u.w.t.Helper()
	req := kmsg.NewPtrMetadataRequest()
	req.IncludeTopicAuthorizedOperations = true
	for _, topic := range topics {
		one := kmsg.NewMetadataRequestTopic()
		one.Topic = kmsg.StringPtr(topic)
		req.Topics = append(req.Topics, one)
	}
	resp, err := req.RequestWith(u.w.t.Context(), u.client())
	require.NoError(u.w.t, err)
	for _, t := range resp.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); errors.Is(err, kerr.TopicAuthorizationFailed) {
			continue
		}
		if t.AuthorizedOperations&(1<<kmsg.ACLOperationRead) != 0 {
			read = append(read, *t.Topic)
		}
		if t.AuthorizedOperations&(1<<kmsg.ACLOperationWrite) != 0 {
			write = append(write, *t.Topic)
		}
	}
	slices.Sort(read)
	slices.Sort(write)
	return read, write
}

// TestEachRoleWorksWithItsOwnRights runs router, sender, monitor and operator over TLS
// and SASL on a cluster that refuses what no ACL permits. Each has the rights
// that `sluice topology acls` grants to its role, and no others.
func TestEachRoleWorksWithItsOwnRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	router, sender, monitor, operator := w.newUser("router"), w.newUser("sender"), w.newUser("monitor"), w.newUser("operator")

	// Without rights the router waits and says why, as for anything else that
	// an operator can mend while it runs.
	routing := router.start("router")
	routing.says("AUTHORIZATION_FAILED")
	router.grant("router")
	sender.grant("sender")
	monitor.grant("monitor")
	operator.grant("operator")
	w.write("shop-meta.json", `{"access_token": "sandbox-meta"}`)
	w.write("shop-google.json", `{"client_id": "sandbox", "client_secret": "sandbox", "refresh_token": "sandbox-google"}`)
	operator.succeed("apply", "-f", w.write("resources.yaml", shopResources(false)))
	sending := sender.start("sender")
	ready(t, routing)
	ready(t, sending)
	operator.succeed("emit", "--file", w.write("events.ndjson", lines(purchase("shop", "by-rights", "subject-1", time.Now()))))
	w.delivered("by-rights")
	tailed := operator.succeed("tail", "--from-start", "--no-follow")
	require.Contains(t, tailed.stdout, "by-rights")
	watching := monitor.start("run", "monitor")
	ready(t, watching)
	patience.Until(t, "alerts to be judged", func() bool {
		_, metrics := get(t, watching, "/metrics")
		return strings.Contains(metrics, "sluice_alert{")
	})
	require.NotContains(t, watching.err.String(), "AUTHORIZATION_FAILED")

	// A login whose password was changed is not asked again while connected,
	// and a restart takes the new one.
	sender.setPassword("another secret")
	sending.signal(os.Interrupt)
	require.Zero(t, sending.wait(), sending.err.String())
	sending = sender.start("sender")
	ready(t, sending)
	operator.succeed("emit", "--file", w.write("more.ndjson", lines(purchase("shop", "rotated", "subject-2", time.Now()))))
	w.delivered("rotated")
}

// TestRightsAreTheLeast compares what the cluster lets each role do with what
// it has to do: no role may write what it only reads, or touch another's.
func TestRightsAreTheLeast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	all, n := w.topics(), w.names
	allBut := func(not ...string) (kept []string) {
		for _, topic := range all {
			if !slices.Contains(not, topic) {
				kept = append(kept, topic)
			}
		}
		return kept
	}
	of := func(name func(provider string) string) []string {
		return []string{name("meta"), name("google"), name("webhook")}
	}
	var deliveries []string
	for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
		deliveries = append(deliveries, of(func(p string) string { return n.Delivery(p, lane) })...)
	}
	for role, c := range map[string]struct{ notRead, notWrite []string }{
		"router": {
			notRead:  slices.Concat(deliveries, of(n.DeadDeliveries), of(n.Parked), of(n.Submissions), []string{n.DeadEvents(), n.DestinationStatus()}),
			notWrite: slices.Concat([]string{w.input, n.Destinations(), n.Mappings(), n.Policies(), n.Consent(), n.State(), n.DestinationStatus()}, of(n.Parked), of(n.DeadDeliveries)),
		},
		"sender": {
			notRead:  slices.Concat([]string{w.input, n.Hold(), n.DeadEvents(), n.State()}, of(n.DeadDeliveries)),
			notWrite: slices.Concat(deliveries, []string{w.input, n.Hold(), n.DeadEvents(), n.Destinations(), n.Mappings(), n.Policies(), n.Consent(), n.State()}),
		},
		"monitor": {
			notRead:  slices.Concat(deliveries, of(n.DeadDeliveries), of(n.Parked), of(n.Submissions), []string{w.input, n.Hold(), n.DeadEvents(), n.State()}),
			notWrite: all,
		},
		"operator": {
			notRead:  slices.Concat([]string{n.Hold()}, of(n.Parked), of(n.Submissions)),
			notWrite: slices.Concat([]string{n.Hold(), n.DestinationStatus(), n.DeadEvents()}, of(n.Parked), of(n.DeadDeliveries)),
		},
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			u := w.newUser(role)
			u.grant(role)
			read, write := u.may(all)
			require.NotEmpty(t, read)
			require.Equal(t, role == "monitor", len(write) == 0)
			require.Subset(t, allBut(c.notRead...), read)
			require.Subset(t, allBut(c.notWrite...), write)
		})
	}

	// The answer about rights is the cluster's own; one look that it acts so.
	u := w.newUser("reader")
	u.grant("sender")
	err := u.client().ProduceSync(t.Context(), &kgo.Record{Topic: w.input, Value: []byte("x")}).FirstErr()
	require.ErrorIs(t, err, kerr.TopicAuthorizationFailed)
}

// TestARightThatIsTakenAwayAndGivenBack: a running router that may no longer
// read its input loses nothing, and goes on when it may again (I2, I6).
func TestARightThatIsTakenAwayAndGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.apply(shopResources(false))
	router := w.newUser("router")
	router.grant("router")
	routing := router.start("router")
	ready(t, routing)
	ready(t, w.start("a", "sender"))
	w.emit(purchase("shop", "before", "subject-1", time.Now()))
	w.delivered("before")

	admin := kadm.NewClient(w.client)
	input := kadm.NewACLs().Topics(w.services.Name(place.Input)).Allow("User:" + router.name).AllowHosts("*").
		ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpRead)
	removed, err := admin.DeleteACLs(context.Background(), input)
	require.NoError(t, err)
	require.Len(t, removed, 1)
	require.NoError(t, removed[0].Err)
	w.emit(purchase("shop", "meanwhile", "subject-2", time.Now()))
	patience.Until(t, "the router to notice", func() bool {
		return strings.Contains(routing.err.String(), "TOPIC_AUTHORIZATION_FAILED")
	})
	router.grant("router")
	w.delivered("meanwhile")
}

// TestPlainOverTLS logs in with PLAIN, which is for those whose cluster knows
// nothing else.
func TestPlainOverTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	u := w.newUser("operator")
	u.name, u.password, u.mechanism = services.PlainUser, services.PlainPassword, kafka.Plain
	u.grant("operator")
	w.write("shop-meta.json", `{"access_token": "sandbox-meta"}`)
	require.Contains(t, u.succeed("apply", "-f", w.write("resources.yaml", shopResources(false)), "--dry-run").stdout, "nothing was written")
	u.password = "a wrong password"
	wrong := run(t, u.settings(), "export", "--config", w.config)
	require.Equal(t, environmentNotReady, wrong.code, wrong.stderr)
	require.NotContains(t, wrong.stderr, "a wrong password", "a message shows no password")
}
