package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/load/traffic"
)

// nightResources are those of cmd/loadgen; the shop's Meta destination gives up
// after a second, so that an outage leaves dead letters while a test waits. Its
// neighbour's waits.
var nightResources = strings.Replace(traffic.ShopResources, "secret: file:shop-meta.json\n  terms: {accepted_by: dpo@shop.example",
	"secret: file:shop-meta.json\n  delivery: {retry_for: 1s}\n  terms: {accepted_by: dpo@shop.example", 1)

// TestTheStoryOfANight: traffic, a provider's outage, a token that is refused,
// a wrong mapping, and a customer's visitor who takes consent back. The
// operator's commands find each cause; replays send exactly what was missed;
// and the ledger, which knows beforehand what must become of every event,
// confirms it: I1, I2, I3, I4, I5, I7, I9 and what replays promise.
func TestTheStoryOfANight(t *testing.T) {
	t.Parallel()
	n := newNight(t, nightResources)
	n.traffic(80, nil, nil)
	n.settled(0)
	n.operator(`
$ sluice health
 near-meta open ...
 shop-google open ...
 shop-hook open ...
 shop-meta open ...
$ sluice destinations shop-meta
shop-meta: open`)

	n.outage()
	n.token()
	n.mapping()

	n.operator(`
$ sluice dlq summary --destination shop-meta
 DESTINATION REASON CODE OPEN ...
 shop-meta provider.unavailable ... 1 ...
$ sluice replay --customer shop --since 1h --id nothing-is-left
replay nothing-is-left is complete: ... 0 events sent ...
$ sluice doctor
0 problems, ...`)
	n.settled(0)
	n.verify()
}

// outage: Meta is down. What the shop's deliveries gave up is replayed, but for
// one whose subject has revoked; the neighbour's wait and go by themselves.
func (n *night) outage() {
	const events = 10
	n.fault(sandbox.Rule{Provider: "meta", Do: sandbox.Unavailable})
	givenUp := []traffic.Outcome{"dead_lettered provider.unavailable"}
	missed := n.traffic(events, []string{"plain"}, func(i *traffic.Item) {
		e := i.Expect[traffic.MappingMeta]
		e.MayEnd, e.Missed = givenUp, true
		i.Expect[traffic.MappingMeta] = e
	})
	revoking := n.traffic(1, []string{"plain"}, func(i *traffic.Item) {
		e := i.Expect[traffic.MappingMeta]
		e.MayEnd = givenUp
		i.Expect[traffic.MappingMeta], i.Revokes = e, true
	})[0]
	waiting := n.traffic(5, []string{"neighbour"}, nil)
	n.settled(len(waiting))
	n.operator(`
$ sluice destinations
 near-meta near meta waiting 1 provider.unavailable
 shop-google shop google open ...
 shop-hook shop webhook open ...
$ sluice trace %[1]s
→ shop-google: delivered
→ shop-hook: delivered
→ shop-meta: not sent
$ sluice trace %[2]s
→ near-meta: pending
$ sluice tail --since 1h --no-follow --destination shop-meta --status dead_lettered
... provider.unavailable ...
$ sluice dlq summary
 shop-meta provider.unavailable ... 11 0 11 ...
$ sluice consent revoke --customer shop --subject %[3]s
 ad_user_data denied`, missed[0].Event.ID, waiting[0].Event.ID, traffic.Subject(revoking.N))
	n.ledger.Revoked(revoking.Event.ID, time.Now())

	n.heal()
	n.settled(0)
	n.operator(`
$ sluice trace %[1]s
→ near-meta: delivered
$ sluice replay --from deadletter --destination shop-meta --since 1h --dry-run
 shop-meta 10 0 0 0 1
 shop-meta revoked consent.revoked 1
$ sluice replay --from deadletter --destination shop-meta --since 1h --id the-outage
10 events sent to the replay lane
$ sluice trace %[2]s
→ shop-meta: delivered
$ sluice trace %[3]s
→ shop-meta: not sent`, waiting[0].Event.ID, missed[0].Event.ID, revoking.Event.ID)
}

// token: Google refuses the credentials. What is parked comes back by itself
// when they are renewed.
func (n *night) token() {
	n.fault(sandbox.Rule{Provider: "google", Do: sandbox.BadToken})
	const events = 8
	parked := n.traffic(events, []string{"plain"}, nil)
	n.settled(events)
	n.operator(`
$ sluice health
! shop-google: credentials: The provider refuses the credentials; deliveries
    wait. ...
    owner ads@shop.example
 shop-google blocked ...
$ sluice doctor    # exit code 3
problem destination shop-google: blocked as credentials.invalid ...
$ sluice trace %s
→ shop-google: pending
parked: The provider refuses the`, parked[0].Event.ID)
	n.heal()
	n.file("shop-google.json", `{"client_id": "sandbox", "client_secret": "sandbox-zq7xsecret", "refresh_token": "sandbox-google-renewed"}`)
	n.settled(0)
	n.operator(`
$ sluice destinations shop-google
shop-google: open`)
}

// mapping: a condition that no event meets is deployed, found, corrected, and
// what it kept back is decided again.
func (n *night) mapping() {
	const good, bad = "provider_event: order, lane: realtime", `provider_event: order, lane: realtime, when: 'event.source == "shop"'`
	n.while(func() {
		n.edit(good, bad)
		n.do("apply", "-f", n.resources, "--author", "kim", "--reason", "spring campaign")
	})
	kept := n.traffic(9, []string{"plain"}, func(i *traffic.Item) {
		i.Expect[traffic.MappingHook] = traffic.Expect{Routed: []traffic.Outcome{"skipped mapping.condition"}, Missed: true}
	})
	n.settled(0)
	n.operator(`
$ sluice tail --since 1h --no-follow --destination shop-hook --status skipped --reason mapping.
... mapping.condition ... shop-hook ...
$ sluice trace %s
→ shop-hook: not sent
router: not sent: The mapping's condition is false for
$ sluice history shop-hook-purchase
... kim
why: spring campaign`, kept[0].Event.ID)
	n.edit(bad, good)
	n.operator(`
$ sluice apply -f resources/ --reason "the condition was wrong"
applied 1 change; routers and senders follow within 3 s
$ sluice replay --customer shop --destination shop-hook --reason mapping.condition --since 1h --dry-run
 shop-hook 9 ...
$ sluice replay --customer shop --destination shop-hook --reason mapping.condition --since 1h --id the-mapping
9 events sent to the replay lane
$ sluice trace %s
→ shop-hook: delivered`, kept[0].Event.ID)
}
