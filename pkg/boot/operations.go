package boot

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/ops/changelog"
	"github.com/sluicehq/sluice/pkg/ops/claims"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
	"github.com/sluicehq/sluice/pkg/ops/consenttrail"
	"github.com/sluicehq/sluice/pkg/ops/dataflow"
	"github.com/sluicehq/sluice/pkg/ops/deadletter"
	"github.com/sluicehq/sluice/pkg/ops/doctor"
	"github.com/sluicehq/sluice/pkg/ops/emit"
	"github.com/sluicehq/sluice/pkg/ops/reconcile"
	"github.com/sluicehq/sluice/pkg/ops/schema"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// Applier is the operation behind `sluice apply` and `sluice diff`.
func Applier(e *Env) *apply.Applier {
	return apply.New(apply.Deps{
		Topics: e.Cluster, Registry: e.Registry, Names: e.Names, Resources: e.Resources(), Version: e.Version, Now: e.Now,
		Transaction: func(ctx context.Context, id string) (apply.Transaction, error) { return e.Cluster.Transaction(ctx, id) },
	})
}

// Changelog is the operation behind `sluice history`.
func Changelog(e *Env) *changelog.Reader {
	return changelog.New(changelog.Deps{Topics: e.Cluster, Registry: e.Registry, Names: e.Names, Now: e.Now})
}

// DeadLetters is the operation behind `sluice dlq`.
func DeadLetters(e *Env) (*deadletter.Desk, error) {
	log, err := e.Diagnostics()
	if err != nil {
		return nil, err
	}
	recorder, err := e.recorder()
	if err != nil {
		return nil, err
	}
	return deadletter.New(deadletter.Deps{
		Topics: e.Cluster, Registry: e.Registry, Diagnostics: log, States: e.states(), Names: e.Names,
		Providers: slices.Sorted(maps.Keys(e.Providers())), Recorder: recorder, Now: e.Now,
	}), nil
}

// Schemas is the operation behind `sluice schemas`.
func Schemas(e *Env) *schema.Registrar {
	return schema.New(schema.Deps{Registry: e.Registry, Topics: e.schemaTopics()})
}

// Doctor is the operation behind `sluice doctor`.
func Doctor(e *Env) *doctor.Doctor {
	secrets := sender.References{Dir: e.Config.Sender.SecretsDir, Env: e.Config.Sender.SecretsEnv}
	return doctor.New(doctor.Deps{
		Config: e.Config, Names: e.Names, Cluster: e.Cluster, Registry: e.Registry, Schemas: Schemas(e).Subjects,
		Claims:   func() (doctor.Claims, error) { return e.Claims() },
		Declared: e.Topology, Applied: Applier(e).Current, Decisions: e.EachDecision, Providers: e.Providers(), Resources: e.Resources(),
		SenderGroup: e.senderGroup, Now: e.Now,
		Secret: func(reference string) (provider.Secret, error) {
			secret, _, err := secrets.Resolve(reference)
			return secret, err
		},
		HTTP: func(p provider.Provider) (*httpclient.Client, error) {
			cfg, err := e.httpConfig(p)
			if err != nil {
				return nil, err
			}
			return httpclient.New(cfg, httpclient.Deps{Now: e.Now})
		},
	})
}

// ConsentAdmin is the operation behind `sluice consent`.
func ConsentAdmin(e *Env) (*consentadmin.Admin, error) {
	recorder, err := e.recorder()
	if err != nil {
		return nil, err
	}
	return consentadmin.New(consentadmin.Deps{
		Topics: e.Cluster, Registry: e.Registry, Topic: e.Names.Consent(), Keys: e.Names.SubjectKeys(), Pending: e.pendingTopics(), Decisions: e.EachDecision,
		Producer:  func() (consentadmin.Producer, error) { return e.Cluster.Producer() },
		Pseudonym: recorder.Pseudonym, Version: e.Version, Now: e.Now,
	}), nil
}

// ConsentTrail is the operation behind `sluice consent history`.
func ConsentTrail(e *Env) *consenttrail.Reader {
	return consenttrail.New(consenttrail.Deps{Topics: e.Cluster, Registry: e.Registry, Topic: e.Names.Consent(), Now: e.Now})
}

// pendingTopics are those from which an event of before an erasure could still
// be decided or sent: the input, everything that waits, and dead letters.
func (e *Env) pendingTopics() []string {
	topics := append([]string{e.Config.Topics.Input, e.Names.Hold()}, deadletter.Topics(e.Names, slices.Sorted(maps.Keys(e.Providers())))...)
	for _, p := range slices.Sorted(maps.Keys(e.Providers())) {
		for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
			topics = append(topics, e.Names.Delivery(p, lane))
		}
		topics = append(topics, e.Names.Retry(p, "1m"), e.Names.Retry(p, "10m"), e.Names.Retry(p, "1h"), e.Names.Parked(p))
	}
	return topics
}

// Reconciler is the operation behind `sluice reconcile`.
func Reconciler(e *Env) (*reconcile.Reconciler, error) {
	recorder, err := e.recorder()
	if err != nil {
		return nil, err
	}
	return reconcile.New(reconcile.Deps{Decisions: e.EachDecision, Pseudonym: recorder.Pseudonym}), nil
}

// DataFlow is the operation behind `sluice data-flow`.
func DataFlow(e *Env) (*dataflow.Recorder, error) {
	declared, err := e.Topology(topology.Options{})
	if err != nil {
		return nil, err
	}
	return dataflow.New(dataflow.Deps{
		Topics: e.Cluster, Applied: Applier(e).Current, Resources: e.Resources(), Declared: declared, Input: e.Config.Topics.Input,
		Names: e.Names, KeyID: e.Config.Privacy.KeyID, SealKeyID: e.Config.Erase.KeyID, Now: e.Now,
	}), nil
}

// ClaimsRebuilder is the operation behind `sluice claims rebuild`. Roles do the
// same by themselves.
func ClaimsRebuilder(e *Env, store *dedup.Store) (*claims.Rebuilder, error) {
	log, err := e.Diagnostics()
	if err != nil {
		return nil, err
	}
	return claims.New(claims.Deps{
		Topics: e.Cluster, Topic: e.Names.Diagnostics(), Diagnostics: log, Store: store, Applied: Applier(e).Current,
		Log: func() *slog.Logger { return e.Log }, Now: e.Now,
	}), nil
}

// Emitter is the operation behind `sluice emit`.
func Emitter(e *Env) *emit.Emitter {
	return emit.New(emit.Deps{
		Topics: e.Cluster, Registry: e.Registry, Input: e.Config.Topics.Input, Consent: e.Names.Consent(), Version: e.Version, Now: e.Now,
		Producer: func() (emit.Producer, error) { return e.Cluster.Producer() },
	})
}
