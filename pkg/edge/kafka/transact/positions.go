package transact

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// metaPrefix marks commit metadata as ours; the topic id follows in hexadecimal.
const metaPrefix = "sluice/1 "

func commitMetadata(id TopicID) string { return metaPrefix + id.String() }

// topicIDOf reads commit metadata; false where somebody else wrote it.
func topicIDOf(metadata string) (TopicID, bool) {
	rest, ok := strings.CutPrefix(metadata, metaPrefix)
	if !ok {
		return TopicID{}, false
	}
	b, err := hex.DecodeString(rest)
	if err != nil || len(b) != len(TopicID{}) {
		return TopicID{}, false
	}
	return TopicID(b), true
}

// committed is what the group has stored for one partition.
type committed struct {
	offset int64 // -1: nothing
	epoch  int32
	id     TopicID // zero: not known
}

// positions resolves where reading begins. fetched and adjust are called one
// after the other by the group's goroutine at every assignment; the rest is
// shared with the loop.
type positions struct {
	start    kafka.Position
	observer Observer

	stored map[string]map[int32]committed // between fetched and adjust only

	mu     sync.Mutex
	rounds int                 // assignments so far
	ids    map[string]TopicID  // every topic ever assigned to this loop; replaced, never changed
	topics map[string]identity // the same, as first seen under that id
}

// identity is what tells a topic from another of the same name, and how many
// partitions it had when this process first saw it.
type identity struct {
	id         TopicID
	partitions int
}

func newPositions(start kafka.Position, o Observer) *positions {
	return &positions{start: start, observer: o, ids: map[string]TopicID{}, topics: map[string]identity{}}
}

// fetched keeps what the group has committed, with the metadata, which the
// client does not hand on.
func (p *positions) fetched(resp *kmsg.OffsetFetchResponse, name func(TopicID) string) {
	p.stored = map[string]map[int32]committed{}
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			topic := t.Topic
			if topic == "" {
				topic = name(t.TopicID)
			}
			parts := map[int32]committed{}
			for _, q := range t.Partitions {
				if q.ErrorCode != 0 {
					continue // the client reports it and leaves the partition out
				}
				c := committed{offset: q.Offset, epoch: q.LeaderEpoch}
				if q.Metadata != nil {
					c.id, _ = topicIDOf(*q.Metadata)
				}
				parts[q.Partition] = c
			}
			p.stored[topic] = parts
		}
	}
}

// adjust replaces every offset by the number to read next, and stores those
// that the group does not have yet before anything is read from them: a
// "latest" that is decided twice would skip what was written in between.
func (p *positions) adjust(ctx context.Context, cl *kgo.Client, group Config, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	if len(offsets) == 0 {
		return offsets, nil
	}
	p.mu.Lock()
	p.rounds++
	p.mu.Unlock()
	log, err := p.look(ctx, cl, slices.Collect(maps.Keys(offsets)))
	if err != nil {
		return nil, err
	}
	req := kmsg.NewPtrOffsetCommitRequest()
	for topic, parts := range offsets {
		t, err := p.decide(topic, parts, log)
		if err != nil {
			return nil, err
		}
		if len(t.Partitions) > 0 {
			req.Topics = append(req.Topics, t)
		}
	}
	return offsets, p.store(ctx, cl, group, req)
}

// decide does the same for one topic and returns what is to be stored.
func (p *positions) decide(topic string, parts map[int32]kgo.Offset, log logs) (kmsg.OffsetCommitRequestTopic, error) {
	now := identity{id: log.ids[topic], partitions: log.partitions[topic]}
	was := p.learn(topic, now)
	meta := commitMetadata(now.id)
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.TopicID = topic, now.id
	reported := false
	for partition := range parts {
		c, ok := p.stored[topic][partition]
		if !ok {
			c.offset = -1
		}
		if c.id == (TopicID{}) && c.offset < 0 {
			c.id = was.id // deleting a topic deletes its commits; this process remembers
		}
		at, err := log.bounds(topic, partition)
		if err != nil {
			return t, err
		}
		recreated := c.id != (TopicID{}) && now.id != (TopicID{}) && c.id != now.id
		if recreated && !reported {
			reported = true
			p.observer.Recreated(Recreated{Topic: topic, Old: c.id, New: now.id})
		}
		if was.partitions > 0 && int(partition) >= was.partitions {
			at.begin = at.first // added while this process ran: a "latest" was not meant for it
		}
		next, decided := p.next(topic, partition, c, at, recreated)
		if !decided {
			continue // as stored, with its leader epoch, so that a cut log is noticed
		}
		parts[partition] = kgo.NewOffset().At(next)
		q := kmsg.NewOffsetCommitRequestTopicPartition()
		q.Partition, q.Offset, q.Metadata = partition, next, &meta
		t.Partitions = append(t.Partitions, q)
	}
	return t, nil
}

// store commits decided positions as this member of the group, outside any
// transaction: nothing was read yet.
func (p *positions) store(ctx context.Context, cl *kgo.Client, cfg Config, req *kmsg.OffsetCommitRequest) error {
	if len(req.Topics) == 0 {
		return nil
	}
	req.Group = cfg.Group
	req.MemberID, req.Generation = cl.GroupMetadata()
	if cfg.InstanceID != "" {
		req.InstanceID = &cfg.InstanceID
	}
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return fmt.Errorf("storing start positions: %w", err)
	}
	for _, t := range resp.Topics {
		for _, q := range t.Partitions {
			if err := kerr.ErrorForCode(q.ErrorCode); err != nil {
				return fmt.Errorf("storing the start position of %s/%d: %w", t.Topic, q.Partition, err)
			}
		}
	}
	return nil
}

// annotate writes the topic ids into a transaction's commit. It runs under the
// client's transaction lock and must not call the client.
func (p *positions) annotate(req *kmsg.TxnOffsetCommitRequest) error {
	ids := p.known()
	for i := range req.Topics {
		meta := commitMetadata(ids[req.Topics[i].Topic])
		for j := range req.Topics[i].Partitions {
			req.Topics[i].Partitions[j].Metadata = &meta
		}
	}
	return nil
}

// next is where to read; decided says that it is not what the group has stored.
func (p *positions) next(topic string, partition int32, c committed, at bounds, recreated bool) (offset int64, decided bool) {
	switch {
	case recreated:
		return at.first, true
	case c.offset < 0:
		return at.begin, true
	case c.offset < at.first, c.offset > at.end:
		p.observer.LostRange(LostRange{Topic: topic, Partition: partition, From: c.offset, To: at.first})
		return at.first, true
	default:
		return c.offset, false
	}
}

// learn stores what a topic is now and returns what it was before.
func (p *positions) learn(topic string, now identity) (was identity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was = p.topics[topic]
	if was.id != now.id || was.partitions == 0 {
		p.topics[topic] = now
		p.ids = maps.Clone(p.ids)
		p.ids[topic] = now.id
	}
	return was
}

// known are the topic ids; the map must not be changed.
func (p *positions) known() map[string]TopicID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ids
}

func (p *positions) assigned() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rounds
}

func (p *positions) name(id TopicID) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t, have := range p.ids {
		if have == id {
			return t
		}
	}
	return ""
}

// logs is what the brokers say about the topics of one assignment.
type logs struct {
	ids               map[string]TopicID
	partitions        map[string]int
	first, end, begin kadm.ListedOffsets
}

type bounds struct{ first, end, begin int64 }

func (p *positions) look(ctx context.Context, cl *kgo.Client, topics []string) (logs, error) {
	l := logs{ids: map[string]TopicID{}, partitions: map[string]int{}}
	meta, err := kafka.TopicMetadata(ctx, cl, topics)
	if err != nil {
		return logs{}, err
	}
	for _, t := range meta.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return logs{}, fmt.Errorf("reading topic ids: %w", err)
		}
		if t.Topic == nil {
			continue // never for a request by name; its partitions would then be missing below
		}
		l.ids[*t.Topic], l.partitions[*t.Topic] = t.TopicID, len(t.Partitions)
	}
	adm := kadm.NewClient(cl)
	if l.first, err = adm.ListStartOffsets(ctx, topics...); err != nil {
		return logs{}, fmt.Errorf("reading where the logs begin: %w", err)
	}
	if l.end, err = adm.ListEndOffsets(ctx, topics...); err != nil {
		return logs{}, fmt.Errorf("reading where the logs end: %w", err)
	}
	switch ts := p.start.Timestamp(); ts {
	case -2:
		l.begin = l.first
	case -1:
		l.begin = l.end
	default:
		if l.begin, err = adm.ListOffsetsAfterMilli(ctx, ts, topics...); err != nil {
			return logs{}, fmt.Errorf("reading where the start time stands in the logs: %w", err)
		}
	}
	return l, nil
}

func (l logs) bounds(topic string, partition int32) (bounds, error) {
	var b bounds
	for _, x := range []struct {
		from kadm.ListedOffsets
		to   *int64
	}{{l.first, &b.first}, {l.end, &b.end}, {l.begin, &b.begin}} {
		o, ok := x.from.Lookup(topic, partition)
		if !ok {
			return b, fmt.Errorf("reading the bounds of %s/%d: the brokers did not answer for it", topic, partition)
		}
		if o.Err != nil {
			return b, fmt.Errorf("reading the bounds of %s/%d: %w", topic, partition, o.Err)
		}
		*x.to = o.Offset
	}
	return b, nil
}
