package transact

import "github.com/twmb/franz-go/pkg/kmsg"

// pinned are positions that were resolved here and that the group does not
// have yet. They go into the next commit, so that a start position, the end
// of a lost range and a new topic id are decided once.
type pinned struct {
	ids   map[string]TopicID
	parts map[string]map[int32]int64
}

func (p *positions) pinned(assigned Assignment) pinned {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := pinned{ids: p.ids, parts: map[string]map[int32]int64{}}
	for t, parts := range p.pins {
		for q, offset := range parts {
			if !assigned.Has(t, q) { // somebody else's by now
				continue
			}
			if out.parts[t] == nil {
				out.parts[t] = map[int32]int64{}
			}
			out.parts[t][q] = offset
		}
	}
	return out
}

// settle forgets pins that are committed. One made meanwhile has another value
// or another partition and stays.
func (p *positions) settle(done pinned) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t, parts := range done.parts {
		for q, offset := range parts {
			if p.pins[t][q] == offset {
				delete(p.pins[t], q)
			}
		}
	}
}

// annotate writes the topic ids into the commit and adds the pinned positions
// of partitions from which nothing was polled. It runs under the client's
// transaction lock and must not call the client.
func (p pinned) annotate(req *kmsg.TxnOffsetCommitRequest) error {
	for i := range req.Topics {
		t := &req.Topics[i]
		meta := commitMetadata(p.ids[t.Topic])
		rest := p.parts[t.Topic]
		for j := range t.Partitions {
			t.Partitions[j].Metadata = &meta
		}
		for q, offset := range rest {
			if !hasPartition(t.Partitions, q) {
				t.Partitions = append(t.Partitions, commitPartition(q, offset, &meta))
			}
		}
	}
	for topic, parts := range p.parts {
		if hasTopic(req.Topics, topic) {
			continue
		}
		t := kmsg.NewTxnOffsetCommitRequestTopic()
		t.Topic, t.TopicID = topic, p.ids[topic]
		meta := commitMetadata(p.ids[topic])
		for q, offset := range parts {
			t.Partitions = append(t.Partitions, commitPartition(q, offset, &meta))
		}
		req.Topics = append(req.Topics, t)
	}
	return nil
}

func commitPartition(partition int32, offset int64, meta *string) kmsg.TxnOffsetCommitRequestTopicPartition {
	p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = partition, offset, -1, meta
	return p
}

func hasPartition(ps []kmsg.TxnOffsetCommitRequestTopicPartition, partition int32) bool {
	for i := range ps {
		if ps[i].Partition == partition {
			return true
		}
	}
	return false
}

func hasTopic(ts []kmsg.TxnOffsetCommitRequestTopic, topic string) bool {
	for i := range ts {
		if ts[i].Topic == topic {
			return true
		}
	}
	return false
}
