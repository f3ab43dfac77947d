// Package doctor looks at everything that an installation stands on, and says what
// to fix.
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

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/schema"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	Fine    Level = "ok"
	Unknown Level = "unknown" // it could not be found out
	Warning Level = "warning"
	Problem Level = "problem" // something does not work, or will not
)

// Finding is one thing that doctor has looked at.
type Finding struct {
	Area   string `json:"area"`
	Level  Level  `json:"level"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// visit collects findings.
type visit struct {
	deps     *Deps
	findings []Finding
	// credentials has the finding of each area whose credentials do not work.
	credentials map[string]int
}

func (d *visit) add(area string, level Level, fix, format string, args ...any) {
	d.findings = append(d.findings, Finding{Area: area, Level: level, Detail: fmt.Sprintf(format, args...), Fix: fix})
}

// failed notes that something could not be looked at.
func (d *visit) failed(area string, err error) {
	if ready := (*unready.Error)(nil); errors.As(err, &ready) {
		detail := ready.What
		if ready.Err != nil {
			detail += ": " + ready.Err.Error()
		}
		d.add(area, Problem, ready.Fix, "%s", detail)
		return
	}
	d.add(area, Problem, "see the message", "%v", err)
}

// checkTimeout bounds one area, so that one service that hangs does not hide
// what is wrong with the others.
const checkTimeout = 20 * time.Second

// Look looks at everything that the installation stands on. It consumes
// nothing: no group is joined, no offset committed, no claim taken, no event
// sent.
func (o *Doctor) Look(ctx context.Context) Answer {
	d := &visit{deps: &o.deps, credentials: map[string]int{}}
	kafkaWorks, registryWorks := false, false
	for _, check := range []struct {
		needs []*bool
		run   func(context.Context)
	}{
		{nil, func(context.Context) { d.settings() }},
		{nil, func(ctx context.Context) { kafkaWorks = d.kafka(ctx) }},
		{nil, func(ctx context.Context) { registryWorks = d.registry(ctx) }},
		{nil, d.redis},
		{[]*bool{&kafkaWorks}, d.topics},
		{[]*bool{&kafkaWorks}, d.rights},
		{[]*bool{&kafkaWorks}, d.groups},
		{[]*bool{&kafkaWorks}, d.partitioner},
		{[]*bool{&kafkaWorks, &registryWorks}, d.resources},
		{[]*bool{&kafkaWorks, &registryWorks}, d.statuses},
		{[]*bool{&kafkaWorks, &registryWorks}, d.signals},
	} {
		works := true
		for _, need := range check.needs {
			works = works && *need
		}
		if !works || ctx.Err() != nil {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, checkTimeout)
		check.run(bounded)
		cancel()
	}
	return answerOf(d.findings)
}

// settings looks at what no service is needed for.
func (d *visit) settings() {
	c := d.deps.Config
	key, err := c.Privacy.Key.Resolve()
	const minKey = 32
	switch {
	case err != nil:
		d.add("privacy.key", Problem, "make the reference readable for this process", "it cannot be read: %v", err)
	case key.Reveal() == "":
		d.add("privacy.key", Warning, "set privacy.key, at least 32 random bytes, and privacy.key_id; every role needs the same", "none is set: diagnostics name no subjects, so access requests and erasures cannot be answered")
	case len(key.Reveal()) < minKey:
		d.add("privacy.key", Warning, "use at least 32 random bytes, under a new privacy.key_id", "it has %d bytes, which can be guessed", len(key.Reveal()))
	default:
		d.add("privacy.key", Fine, "", "set, key id %q", c.Privacy.KeyID)
	}
	d.erasure()
	if c.Dedup.OnUnavailable == "bypass" {
		d.add("dedup", Warning, "set dedup.on_unavailable: pause unless late events cost more than doubled ones", "while Redis is unavailable, duplicates are not recognised")
	}
	for _, name := range slices.Sorted(maps.Keys(d.deps.Providers)) {
		if reach := c.Sender.Provider(name); reach.BaseURL != "" || reach.AllowInsecure || reach.AllowPrivate {
			d.add("provider "+name, Warning, "remove sender.providers."+name+".base_url, allow_insecure and allow_private in production", "requests go to %s, not to the provider", cmp.Or(reach.BaseURL, "addresses that are usually refused"))
		}
	}
}

// registry looks at the Schema Registry and the schemas in it.
func (d *visit) registry(ctx context.Context) bool {
	states, err := d.deps.Schemas(ctx)
	if err != nil {
		d.failed("registry", err)
		return false
	}
	var missing, refused []string
	for _, s := range states {
		switch s.State {
		case schema.Missing:
			missing = append(missing, s.Subject)
		case schema.Incompatible:
			refused = append(refused, s.Subject)
		case schema.Registered, schema.Compatible:
		}
	}
	if len(refused) > 0 {
		d.add("registry", Problem, "see `sluice schemas check`; another program has registered something else there", "it would refuse our schema for %s", some(refused))
	}
	if len(missing) > 0 {
		d.add("registry", Warning, "run `sluice schemas register`; roles register schemas too where they may", "schemas are missing for %s", some(missing))
	}
	if len(missing)+len(refused) == 0 {
		d.add("registry", Fine, "", "%d subjects at %s", len(states), d.deps.Config.Registry.URL)
	}
	return true
}

// some names the first of many.
func some(names []string) string {
	const shown = 3
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// redis looks at the claims' server.
func (d *visit) redis(ctx context.Context) {
	address := d.deps.Config.Redis.Address
	store, err := d.deps.Claims()
	if err != nil {
		d.failed("redis", err)
		return
	}
	report, err := store.CheckServer(ctx)
	if err != nil {
		d.add("redis", Problem, "start Redis, or correct redis.address (--redis)", "it does not answer at %s: %v", address, err)
		return
	}
	for _, problem := range report.Problems {
		d.add("redis", Problem, "see docs/operations.md, section Redis", "%s", problem)
	}
	for _, warning := range report.Warnings {
		d.add("redis", Unknown, "", "%s", warning)
	}
	if len(report.Problems) == 0 {
		d.add("redis", Fine, "", "at %s, version %s, policy %s", address, report.Version, report.Policy)
	}
	switch err := store.Status(ctx); {
	case err == nil:
		d.unreadable(ctx, store)
	case errors.Is(err, dedup.ErrEmpty) && d.neverDecided(ctx):
		d.add("claims", Fine, "", "none, and no decision was ever written: a new installation; the first role makes them")
	default:
		d.add("claims", Problem, "start a router or sender, which restores them, or run `sluice claims rebuild`", "%v", err)
	}
}

// unreadable looks for claims that something else has overwritten.
func (d *visit) unreadable(ctx context.Context, store Claims) {
	keys, err := store.Unreadable(ctx)
	switch {
	case err != nil:
		d.add("claims", Problem, "see docs/runbooks/redis-loss.md", "%v", err)
	case len(keys) > 0:
		d.add("claims", Problem, "find out what else writes to this Redis; then `sluice claims rebuild --force` removes what is no claim, and `sluice replay` sends what was withheld (duplicate.unknown)",
			"%d claims hold something that Sluice did not write, among them the key %s", len(keys), keys[0])
	default:
		d.add("claims", Fine, "", "complete")
	}
}

// neverDecided says whether the diagnostics exist and never had a record: an
// empty Redis beside them has lost nothing. Where they cannot be asked, it may
// have.
func (d *visit) neverDecided(ctx context.Context) bool {
	admin, err := d.deps.Cluster.Admin(ctx)
	if err != nil {
		return false // the area kafka says why
	}
	ends, err := admin.ListEndOffsets(ctx, d.deps.Names.Diagnostics())
	if err != nil || len(ends) == 0 {
		return false
	}
	never := true
	ends.Each(func(o kadm.ListedOffset) { never = never && o.Err == nil && o.Offset == 0 })
	return never
}

// topics compares the cluster with the declaration, at the partition count and
// replication that it has.
func (d *visit) topics(ctx context.Context) {
	e := d.deps
	client, err := e.Cluster.Client(ctx)
	if err != nil {
		d.failed("topics", err)
		return
	}
	options, replicas := d.sizes(ctx)
	declared, err := e.Declared(options)
	if err != nil {
		d.failed("topics", err)
		return
	}
	plan, err := topology.Diff(ctx, client, declared, false)
	if err != nil {
		d.failed("topics", err)
		return
	}
	kept, missing := 0, []string{}
	for _, c := range plan {
		switch c.Action {
		case topology.Keep:
			kept++
		case topology.Create:
			missing = append(missing, c.Topic)
		case topology.Alter:
			d.add("topics", Warning, "run `sluice topology apply`", "%s: %s", c.Topic, strings.Join(c.Details, "; "))
		default:
			d.add("topics", Problem, "only a person can mend it: see `sluice topology diff`", "%s: %s", c.Topic, strings.Join(c.Details, "; "))
		}
	}
	if len(missing) > 0 {
		d.add("topics", Problem, "run `sluice topology apply`", "missing: %s", some(missing))
	}
	if kept > 0 {
		d.add("topics", Fine, "", "%d as declared", kept)
	}
	const safe = 3
	if replicas > 0 && replicas < safe {
		d.add("topics", Warning, "make the topics with 3 replicas on three brokers", "%d replicas: losing one broker can lose what was decided", replicas)
	}
	if err := e.Cluster.RequireTopics(ctx, e.Config.Topics.Input); err != nil {
		d.failed("topics", err)
	}
}

// sizes are the partitions and replicas that the cluster's keyed topics have.
func (d *visit) sizes(ctx context.Context) (topology.Options, int) {
	var o topology.Options
	admin, err := d.deps.Cluster.Admin(ctx)
	if err != nil {
		return o, 0
	}
	listed, err := admin.ListTopics(ctx, d.deps.Names.Diagnostics())
	if err != nil {
		return o, 0
	}
	t := listed[d.deps.Names.Diagnostics()]
	if t.Err != nil || len(t.Partitions) == 0 {
		return o, 0
	}
	o.Partitions, o.Replication = int32(len(t.Partitions)), int16(t.Partitions.NumReplicas())
	return o, t.Partitions.NumReplicas()
}
