package boot

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// byPartition is the value of consent.load that keeps only those partitions of
// the consent topic in memory that a process needs.
const byPartition = "partitions"

// consentPartitions is how many partitions the consent topic has where it is
// read by partition; zero where it is read whole. The topics whose records a
// role works on must have as many: then the subjects of its partitions are the
// subjects of as many partitions of consent.
func (e *Env) consentPartitions(ctx context.Context, roles Roles) (int, error) {
	if e.Config.Consent.Load != byPartition {
		return 0, nil
	}
	admin, err := e.Cluster.Admin(ctx)
	if err != nil {
		return 0, err
	}
	topics := e.keyedTopics(roles)
	details, err := admin.ListTopics(ctx, append([]string{e.Names.Consent()}, topics...)...)
	if err != nil {
		return 0, fmt.Errorf("comparing the topics with %s: %w", e.Names.Consent(), err)
	}
	want := len(details[e.Names.Consent()].Partitions)
	for _, name := range topics {
		if have := len(details[name].Partitions); have != want {
			return 0, &unready.Error{
				What: fmt.Sprintf("consent cannot be read by partition: %s has %d partitions and %s has %d", name, have, e.Names.Consent(), want),
				Fix:  "set consent.load: whole for this role (SLUICE_CONSENT_LOAD), or make the topics anew with one number of partitions",
			}
		}
	}
	return want, nil
}

// keyedTopics are the topics whose records a process asks about consent for.
func (e *Env) keyedTopics(roles Roles) []string {
	var names []string
	if roles.Router {
		names = append(names, e.Config.Topics.Input, e.Names.Hold())
	}
	known := e.Providers()
	for _, p := range roles.Senders {
		if _, ok := known[p]; !ok {
			continue // refused as such, later
		}
		for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
			names = append(names, e.Names.Delivery(p, lane))
		}
		names = append(names, e.Names.Parked(p))
		for _, tier := range []string{"1m", "10m", "1h"} {
			names = append(names, e.Names.Retry(p, tier))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tablesOf makes the tables of roles; the caller runs them.
func (e *Env) tablesOf(ctx context.Context, roles Roles) (*table.Tables, error) {
	count, err := e.consentPartitions(ctx, roles)
	if err != nil {
		return nil, err
	}
	return e.tables(count, roles.Router)
}

// keepTables runs the tables until ctx ends. Consent that cannot be read by
// partition ends the process: waiting would not mend it.
func (e *Env) keepTables(ctx context.Context, tables *table.Tables, refuse context.CancelCauseFunc) error {
	err := tables.Run(ctx, nil)
	if err != nil {
		err = &unready.Error{What: "the tables cannot be kept", Err: err}
		refuse(err)
	}
	return err
}
