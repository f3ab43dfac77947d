package telemetry

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The inputs of consent in which unknown members are counted.
const (
	MembersOfSnapshots = "snapshot"
	MembersOfRecords   = "record"
)

// maxMemberNames bounds the names of unknown members: they come from outside, and
// each one would be a series for ever.
const maxMemberNames = 50

// otherMember stands for every name beyond them.
const otherMember = "(other)"

// memberNames are the names that have labels of their own.
type memberNames struct {
	mu    sync.Mutex
	known map[string]bool
}

// label gives the name itself, or otherMember.
func (n *memberNames) label(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known[name] || name == otherMember {
		return name
	}
	if len(n.known) == maxMemberNames {
		return otherMember
	}
	if n.known == nil {
		n.known = map[string]bool{}
	}
	name = strings.Clone(name) // it aliases a record
	n.known[name] = true
	return name
}

type memberKey struct{ input, member string }

// UnknownMembers counts members inside consent that the contract does not have.
func (m *Metrics) UnknownMembers(ctx context.Context, input, member string, n int64) {
	m.unknownMembers.Add(ctx, n, m.memberLabels(memberKey{input, m.memberNames.label(member)}))
}

func (m *Metrics) memberLabels(key memberKey) metric.MeasurementOption {
	return m.labels(key, func() []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("input", key.input), attribute.String("member", key.member)}
	})
}
