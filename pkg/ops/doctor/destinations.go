package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
)

// resources looks at what is applied, and at each destination's credentials.
func (d *visit) resources(ctx context.Context) {
	current, problems, err := d.deps.Applied(ctx)
	if err != nil {
		d.failed("resources", err)
		return
	}
	for _, p := range problems {
		level := Problem
		if p.Warning {
			level = Warning
		}
		text, _, _ := strings.Cut(p.String(), "\n  fix: ")
		d.add("resources", level, cmp.Or(p.Fix, "correct the file and apply it again"), "%s", text)
	}
	set, _ := resource.Compile(current, d.deps.Resources)
	d.add("resources", Fine, "", "%d destinations, %d mappings, %d policies", len(current.Destinations), len(current.Mappings), len(current.Policies))
	if len(current.Destinations) == 0 {
		d.add("resources", Warning, "sluice apply -f DIR", "no destination is applied: nothing can leave")
	}
	d.shared(set)
	for _, endpoint := range set.Destinations() {
		d.destination(ctx, endpoint)
	}
}

// shared lists the secrets and accounts of several customers. One that is
// refused is among the problems of what is applied.
func (d *visit) shared(set *resource.Set) {
	customers := d.deps.Resources.Customers
	for _, u := range customers.SharedUses(set) {
		what := "secret " + u.Thing
		if u.Account {
			what = "account " + u.Thing
		}
		said := fmt.Sprintf("%s is one of %s (%s)", what, strings.Join(u.Customers, ", "), strings.Join(u.Destinations, ", "))
		switch {
		case u.Permitted:
			d.add("customers", Fine, "", "%s, as customers.shared permits", said)
		case !u.Account && customers.Secrets == resource.SecretsAny:
			d.add("customers", Warning, "name it in customers.shared, and remove customers.secrets: any", "%s", said)
		}
	}
}

// destination looks at one: would gate 3 let events pass, and does the secret
// work.
func (d *visit) destination(ctx context.Context, at *resource.Endpoint) {
	spec := at.Destination
	area := "destination " + spec.ID
	switch {
	case !spec.Active:
		d.add(area, Fine, "", "not active: nothing leaves")
		return
	case at.Invalid != "":
		d.add(area, Problem, "correct the resource and apply it again", "%s", at.Invalid)
		return
	case spec.Secret == "":
		d.add(area, Problem, "declare spec.secret, a reference such as file:NAME.json", "no credentials are declared")
		return
	case !spec.Terms.Accepted():
		d.add(area, Problem, "declare spec.terms with accepted_by and accepted_at once somebody has accepted them", "the provider's terms are not accepted")
	}
	if spec.Paused {
		d.add(area, Warning, "remove spec.paused to send again", "paused: deliveries wait in the parked topic and expire after 7 d")
	}
	p, ok := d.deps.Providers[spec.Provider]
	if !ok {
		return // at.Invalid says so
	}
	said, fix, err := d.credentialsOf(ctx, p, at)
	switch {
	case err != nil:
		d.credentials[area] = len(d.findings)
		d.add(area, Problem, fix, "%v", err)
	default:
		d.add(area, Fine, "", "%s, mode %s", said, modeWord(spec.Mode))
	}
}

func modeWord(m resource.Mode) string {
	if m == resource.ModeShadow {
		return "shadow"
	}
	return "live"
}

// credentialsOf resolves a destination's secret as a sender does, authorizes, and
// asks the provider where it has a call that delivers nothing.
func (d *visit) credentialsOf(ctx context.Context, p provider.Provider, at *resource.Endpoint) (said, fix string, err error) {
	secret, err := d.deps.Secret(at.Destination.Secret)
	if err != nil {
		return "", "put the secret where sender.secrets_dir or sender.secrets_env says, readable for this process", fmt.Errorf("its secret cannot be read: %w", err)
	}
	client, err := d.deps.HTTP(p)
	if err != nil {
		return "", "correct sender.providers", err
	}
	defer client.Close()
	reach, spec := d.deps.Config.Sender.Provider(p.Name()), p.Spec()
	target := provider.EndpointOf(at, &spec, reach.BaseURL, reach.TokenURL)
	auth, err := p.Authorize(ctx, client, &target, secret)
	if err != nil {
		return "", "renew the secret; see docs/providers", fmt.Errorf("its credentials are refused: %w", err)
	}
	request, can := target.Account.Probe(nil, &target)
	if !can {
		return "credentials can be read (the provider has no call that only checks them)", "", nil
	}
	response, outcome := client.Send(ctx, request, auth)
	if outcome.Kind != httpclient.Answered {
		return "", "see whether this machine reaches the provider", fmt.Errorf("the provider cannot be asked: %w", outcome.Err)
	}
	if a := provider.ClassifyProbe(p, &response); a.Class == provider.Credentials || a.Class == provider.Configuration {
		return "", "see docs/providers for this code", fmt.Errorf("the provider says %s: %s", a.Code, a.Message)
	}
	return "credentials work", "", nil
}

// quiet is how long a sender may say nothing about a destination before it
// counts as gone, and soonExpired how early an end of credentials is told.
const (
	quiet       = 15 * time.Minute
	soonExpired = 7 * 24 * time.Hour
)

// statuses looks at what senders say about their destinations; the worst that
// is fresh counts.
func (d *visit) statuses(ctx context.Context) {
	e := d.deps
	topic := e.Names.DestinationStatus()
	if e.Cluster.RequireTopics(ctx, topic) != nil {
		return // said already
	}
	registry, err := e.Registry.Codec()
	if err != nil {
		d.failed("senders", err)
		return
	}
	decoder, err := codec.DestinationStatuses(registry)
	if err != nil {
		d.failed("senders", err)
		return
	}
	latest := map[string]codec.DestinationStatus{}
	err = e.Cluster.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
		var s codec.DestinationStatus
		if err := decoder.Decode(ctx, r.Value, &s); err == nil {
			latest[string(r.Key)] = s
		} else if errors.Is(err, codec.ErrSchemaPending) {
			return e.Registry.Undecoded(r, err)
		}
		return nil
	})
	if err != nil {
		d.failed("senders", err)
		return
	}
	fresh := 0
	for _, key := range slices.Sorted(maps.Keys(latest)) {
		s := latest[key]
		if e.Now().Sub(time.UnixMilli(s.UpdatedAt)) < quiet {
			fresh++
			d.status(&s)
		}
	}
	if fresh > 0 {
		d.add("senders", Fine, "", "%d fresh reports about destinations", fresh)
		return
	}
	switch reading, err := d.senderMembers(ctx); {
	case err == nil && reading > 0:
		d.add("senders", Fine, "", "%d run; none had a delivery to report on for %s", reading, quiet)
	default: // who may not ask for the groups hears what the reports say
		d.add("senders", Warning, "start `sluice sender` where deliveries should leave", "no sender has said anything about a destination for %s", quiet)
	}
}

// senderMembers is how many senders stand in the consumer groups that read
// deliveries: a sender reports only once it has one.
func (d *visit) senderMembers(ctx context.Context) (int, error) {
	e := d.deps
	admin, err := e.Cluster.Admin(ctx)
	if err != nil {
		return 0, err
	}
	var groups []string
	for name := range e.Providers {
		groups = append(groups, e.SenderGroup(name))
	}
	described, err := admin.DescribeGroups(ctx, groups...)
	if err != nil {
		return 0, fmt.Errorf("asking for the senders' groups: %w", err)
	}
	members := 0
	for _, g := range described {
		members += len(g.Members) // none where it has an error
	}
	return members, nil
}

func (d *visit) status(s *codec.DestinationStatus) {
	area := "destination " + s.DestinationID
	switch {
	case s.State == "blocked":
		d.add(area, Problem, cmp.Or(s.Reason.Info().Fix, "see docs/reasons.md"), "blocked as %s since %s: %s", s.Reason, stamp(s.Since), s.Message)
		d.fold(area)
	case s.State == "waiting" && s.Until < d.deps.Now().UnixMilli(): // over, and no problem
	case s.State == "waiting" && s.Reason == decision.ProviderThrottled:
		d.add(area, Fine, "", "waits until %s, as its provider asked", stamp(s.Until))
	case s.State == "waiting" && s.Reason != decision.ReasonNone:
		d.add(area, Warning, cmp.Or(s.Reason.Info().Fix, "nothing: it goes on by itself"), "waits until %s as %s", stamp(s.Until), s.Reason)
	}
	if s.Parked > 0 {
		d.add(area, Warning, "mend the destination; what is parked comes back by itself", "%d deliveries are parked", s.Parked)
	}
	if end := time.UnixMilli(s.CredentialExpires); s.CredentialExpires > 0 && end.Sub(d.deps.Now()) < soonExpired {
		d.add(area, Warning, "renew the secret; senders notice by themselves", "its credentials end at %s", stamp(s.CredentialExpires))
	}
}

// fold joins what senders say, which was found last, with the problem that
// doctor itself has found with the same credentials: both name one cause.
func (d *visit) fold(area string) {
	own, found := d.credentials[area]
	if !found {
		return
	}
	last := len(d.findings) - 1
	said := d.findings[last]
	said.Detail += "; asked from here: " + d.findings[own].Detail
	d.findings[own], d.findings = said, d.findings[:last]
	delete(d.credentials, area)
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04 MST") }

// signals looks for subjects whose browser says GPC although the consent
// service has no record, because remembering a signal is its duty, and for a share of
// minors that no audience has.
func (d *visit) signals(ctx context.Context) {
	subjects := map[string]bool{}
	var ages ageShare
	err := d.deps.Decisions(ctx, d.deps.Now().Add(-24*time.Hour), func(x *decision.Decision) {
		ages.add(x)
		if x.Reason == decision.ChoiceGPC && x.SubjectHash != "" && x.Consent.Source == consent.Snapshot {
			subjects[strings.Clone(x.SubjectHash)] = true
		}
	})
	if err != nil {
		d.failed("gpc", err)
		return
	}
	if len(subjects) > 0 {
		d.add("gpc", Warning, "let the consent service write gpc: true to the subject's record, so that it holds in places without the browser", "%d subjects of the last 24 h sent Global Privacy Control and have no record of it", len(subjects))
	}
	if ages.unlikely() {
		d.add("minors", Warning, "ask the consent tool why it fills the fields for known children of its GPP sections; where it does so for everybody, see minors.gpp of the policy (docs/gates.md)",
			"%d of %d events of the last 24 h stayed as those of known minors, which is unlikely", ages.minors, ages.judged)
	}
}

// ageShare counts events that were judged by who they are about.
type ageShare struct{ minors, judged int }

// add counts a decision of the router that reached the choice.
func (a *ageShare) add(x *decision.Decision) {
	if x.Stage != decision.StageRouter || x.Consent.PolicyID == "" {
		return
	}
	a.judged++
	if x.Reason == decision.ChoiceMinor {
		a.minors++
	}
}

// unlikely: a tenth of an audience that is known to be minors is far above what
// stores see, and a handful of events says nothing.
func (a *ageShare) unlikely() bool {
	const enough = 20
	return a.minors >= enough && a.minors*10 >= a.judged
}
