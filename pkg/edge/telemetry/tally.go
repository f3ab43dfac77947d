package telemetry

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// Tally counts the decisions of one batch in plain integers, without locks or
// allocations, and hands the sums over once. It belongs to one goroutine. The
// sums are given away only after the batch has committed, so that an aborted
// transaction is not counted twice.
type Tally struct {
	stage    decision.Stage
	counts   []int64 // by status, then reason
	touched  []int32
	width    int
	records  int64
	bytes    int64
	statuses int
	members  map[string]int64 // unknown members of snapshots, by name
}

// NewTally makes a tally for decisions of one stage.
func NewTally(stage decision.Stage) *Tally {
	width, statuses := len(decision.Reasons())+1, len(decision.Statuses())+1
	return &Tally{stage: stage, counts: make([]int64, width*statuses), width: width, statuses: statuses}
}

// Record counts one record that was read.
func (t *Tally) Record(bytes int) {
	t.records++
	t.bytes += int64(bytes)
}

// UnknownMember counts a member of a snapshot's consent that the contract does not
// have. Names beyond a limit are summed up.
func (t *Tally) UnknownMember(name string) {
	if t.members == nil {
		t.members = map[string]int64{}
	}
	_, known := t.members[name]
	switch {
	case known:
	case len(t.members) > maxMemberNames:
		name = otherMember
	default:
		name = strings.Clone(name) // it aliases a record
	}
	t.members[name]++
}

// Count counts one decision.
func (t *Tally) Count(status decision.Status, reason decision.Reason) { t.Add(status, reason, 1) }

// Add counts n decisions alike. Values outside the known sets are counted
// under none, so that a sum never lacks one.
func (t *Tally) Add(status decision.Status, reason decision.Reason, n int64) {
	s, r := int(status), int(reason)
	if s >= t.statuses || r >= t.width {
		s, r = 0, 0
	}
	at := s*t.width + r
	if t.counts[at] == 0 && n != 0 {
		t.touched = append(t.touched, int32(at))
	}
	t.counts[at] += n
}

// Reset forgets what was counted, for a batch that was given up.
func (t *Tally) Reset() {
	for _, at := range t.touched {
		t.counts[at] = 0
	}
	t.touched = t.touched[:0]
	t.records, t.bytes = 0, 0
	clear(t.members)
}

// AddTally adds a committed batch's counts to the metrics and resets it.
func (m *Metrics) AddTally(ctx context.Context, t *Tally) {
	for _, at := range t.touched {
		m.decisions.Add(ctx, t.counts[at], m.decisionLabels(t.stage, decision.Status(int(at)/t.width), decision.Reason(int(at)%t.width)))
	}
	if t.records > 0 {
		stage := m.stageLabels(t.stage)
		m.inputRecords.Add(ctx, t.records, stage)
		m.inputBytes.Add(ctx, t.bytes, stage)
	}
	for name, n := range t.members {
		m.UnknownMembers(ctx, MembersOfSnapshots, name, n)
	}
	t.Reset()
}

// Decision counts one decision, for callers without batches.
func (m *Metrics) Decision(ctx context.Context, d *decision.Decision) {
	m.Decisions(ctx, d.Stage, d.Status, d.Reason, 1)
}

// Decisions counts n decisions alike, for callers that have summed them up.
func (m *Metrics) Decisions(ctx context.Context, stage decision.Stage, status decision.Status, reason decision.Reason, n int64) {
	m.decisions.Add(ctx, n, m.decisionLabels(stage, status, reason))
}

// LostRecords counts records that were gone before they were read.
func (m *Metrics) LostRecords(ctx context.Context, stage decision.Stage, n int64) {
	m.lostRecords.Add(ctx, n, m.stageLabels(stage))
}

// OversizedBatch counts a batch of the input that unpacks to too much.
func (m *Metrics) OversizedBatch(ctx context.Context) { m.oversized.Add(ctx, 1) }

// RoleRestarts counts n times that a role failed and was started again; 0 makes
// the counter exist.
func (m *Metrics) RoleRestarts(ctx context.Context, role string, n int64) {
	m.roleRestarts.Add(ctx, n, metric.WithAttributes(attribute.String(KeyRole, role)))
}

// Expect makes the counters of a stage that ordinarily never count exist at
// zero, so that an alert on their increase sees the first.
func (m *Metrics) Expect(ctx context.Context, stages ...decision.Stage) {
	for _, stage := range stages {
		m.lostRecords.Add(ctx, 0, m.stageLabels(stage))
	}
	m.oversized.Add(ctx, 0)
	m.claimsLost.Add(ctx, 0)
	for _, input := range []string{MembersOfSnapshots, MembersOfRecords} {
		m.unknownMembers.Add(ctx, 0, m.memberLabels(memberKey{input, otherMember}))
	}
}

type decisionKey struct {
	stage  decision.Stage
	status decision.Status
	reason decision.Reason
}

func (m *Metrics) decisionLabels(stage decision.Stage, status decision.Status, reason decision.Reason) metric.MeasurementOption {
	return m.labels(decisionKey{stage, status, reason}, func() []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("stage", stage.String()), attribute.String("status", status.String()), attribute.String("reason", reason.String())}
	})
}

func (m *Metrics) stageLabels(stage decision.Stage) metric.MeasurementOption {
	return m.labels(stage, func() []attribute.KeyValue { return []attribute.KeyValue{attribute.String("stage", stage.String())} })
}

// labels gives the measurement option for a key, which must be comparable
// and of a type of its own, and builds it the first time.
func (m *Metrics) labels(key any, build func() []attribute.KeyValue) metric.MeasurementOption {
	if known, ok := m.bound.Load(key); ok {
		if option, ok := known.(metric.MeasurementOption); ok {
			return option
		}
	}
	option := metric.WithAttributeSet(attribute.NewSet(build()...))
	m.bound.Store(key, option)
	return option
}
