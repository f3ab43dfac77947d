package doctor

import (
	"context"
	"errors"
	"hash/crc32"
	"hash/fnv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// kafka looks at the brokers themselves.
func (d *visit) kafka(ctx context.Context) bool {
	client, err := d.deps.Cluster.Client(ctx)
	if err != nil {
		d.failed("kafka", err)
		return false
	}
	admin, err := d.deps.Cluster.Admin(ctx)
	if err != nil {
		d.failed("kafka", err)
		return false
	}
	brokers, err := admin.ListBrokers(ctx)
	if err != nil {
		d.failed("kafka", err)
		return false
	}
	d.add("kafka", Fine, "", "brokers: %d", len(brokers))
	if len(brokers) < 3 {
		d.add("kafka", Warning, "run three brokers, so that one may fail", "fewer than three brokers: when one fails, everything stops")
	}
	d.transactions(ctx, client)
	return true
}

// transactions looks at the cluster's transaction.version: from 2 on a late
// write of a process that was given up cannot enter its successor's
// transaction.
func (d *visit) transactions(ctx context.Context, client *kgo.Client) {
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "sluice", "doctor"
	req.Version = 3
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		d.add("kafka", Unknown, "", "the brokers do not tell their features: %v", err)
		return
	}
	for _, f := range resp.FinalizedFeatures {
		if f.Name != "transaction.version" {
			continue
		}
		if f.MaxVersionLevel < 2 {
			d.add("kafka", Warning, "kafka-features.sh upgrade --feature transaction.version=2", "transaction.version is %d: a hanging process's late write can enter its successor's transaction", f.MaxVersionLevel)
			return
		}
		d.add("kafka", Fine, "", "transaction.version %d", f.MaxVersionLevel)
		return
	}
	d.add("kafka", Unknown, "on Kafka 4 or later: kafka-features.sh upgrade --feature transaction.version=2", "the cluster names no transaction.version")
}

// rights looks at what this principal may do. A cluster without an authorizer
// lets everybody do everything.
func (d *visit) rights(ctx context.Context) {
	admin, err := d.deps.Cluster.Admin(ctx)
	if err != nil {
		d.failed("rights", err)
		return
	}
	acls, err := admin.DescribeACLs(ctx, kadm.NewACLs().AnyResource().Allow().AllowHosts().Deny().DenyHosts().Operations().ResourcePatternType(kadm.ACLPatternAny))
	if err == nil {
		for _, r := range acls {
			if r.Err != nil {
				err = r.Err
			}
		}
	}
	switch {
	case errors.Is(err, kerr.SecurityDisabled):
		d.add("rights", Warning, "give the cluster an authorizer, and each role its least rights (roles in topology/topics.yaml)", "the cluster has no authorizer: whoever reaches it reads and writes everything")
	case errors.Is(err, kerr.ClusterAuthorizationFailed):
		d.add("rights", Unknown, "run doctor as somebody who may describe ACLs", "this principal may not see the cluster's ACLs")
	case err != nil:
		d.add("rights", Unknown, "", "the cluster does not tell its ACLs: %v", err)
	default:
		n := 0
		for _, r := range acls {
			n += len(r.Described)
		}
		if n == 0 {
			d.add("rights", Unknown, "compare with roles in topology/topics.yaml", "the cluster lists no ACLs")
			return
		}
		d.add("rights", Fine, "", "%d ACLs; the least rights of each role stand in topology/topics.yaml", n)
	}
}

// sampled is how many keys tell which partitioner wrote a topic.
const sampled = 2000

// partitioner looks at whether subjects stand in the partition that their key
// says: client libraries differ.
func (d *visit) partitioner(ctx context.Context) {
	e := d.deps
	topic := e.Names.Consent()
	if e.Cluster.RequireTopics(ctx, topic) != nil {
		return // said already
	}
	ends, err := e.Cluster.StableEnds(ctx, topic)
	if err != nil {
		d.failed("consent", err)
		return
	}
	partitions := len(ends)
	ours := kafka.Partitioner().ForTopic(topic)
	agree := map[string]int{}
	seen := 0
	enough := errors.New("enough")
	err = e.Cluster.EachRecord(ctx, topic, time.UnixMilli(0), func(r *kgo.Record) error {
		for name, of := range hashers(ours, partitions) {
			if of(r) == r.Partition {
				agree[name]++
			}
		}
		if seen++; seen == sampled {
			return enough
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, enough):
		d.failed("consent", err)
	case seen == 0:
		d.add("consent", Fine, "", "no record yet: only what events say themselves counts")
	case agree[murmur2] == seen:
		d.add("consent", Fine, "", "subjects stand where murmur2 puts them (%d records looked at)", seen)
	default:
		which := "no partitioner that is known matches all records"
		for name, n := range agree {
			if n == seen {
				which = "the writer uses " + name
			}
		}
		d.add("consent", Warning, "let the consent service use the murmur2 partitioner, as the Java client does, and write every record once more",
			"%d of %d records stand in another partition than their key says: %s", seen-agree[murmur2], seen, which)
	}
}

// The partitioners that client libraries use by default.
const (
	murmur2 = "murmur2 (Java)"
	crc     = "CRC32 (librdkafka)"
	fnv1a   = "FNV-1a (Sarama)"
)

func hashers(ours kgo.TopicPartitioner, partitions int) map[string]func(*kgo.Record) int32 {
	return map[string]func(*kgo.Record) int32{
		murmur2: func(r *kgo.Record) int32 { return int32(ours.Partition(r, partitions)) },
		crc:     func(r *kgo.Record) int32 { return int32(crc32.ChecksumIEEE(r.Key) % uint32(partitions)) },
		fnv1a: func(r *kgo.Record) int32 {
			h := fnv.New32a()
			_, _ = h.Write(r.Key) // never fails
			return max(int32(h.Sum32())%int32(partitions), -int32(h.Sum32())%int32(partitions))
		},
	}
}
