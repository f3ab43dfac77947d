package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Options are what every client shares: address, identity, security, logging
// and how fast it notices that the cluster has changed.
func Options(cfg Config) ([]kgo.Opt, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(cfg.Brokers...),
		// Names us in broker logs, quotas and `kafka-consumer-groups`.
		kgo.ClientID(cfg.clientID()),
		// A moved leader must not cost five seconds (the default) of latency.
		kgo.MetadataMinAge(500 * time.Millisecond),
		// Added partitions must not wait five minutes (the default) for a reader.
		kgo.MetadataMaxAge(time.Minute),
		// A dead broker's address must not hold a retry for the default 10 s.
		kgo.DialTimeout(5 * time.Second),
		// KIP-714 pushes client metrics to brokers; ours go to telemetry only.
		kgo.DisableClientMetrics(),
	}
	dial, err := dialer(cfg)
	if err != nil {
		return nil, err
	}
	if dial != nil {
		opts = append(opts, kgo.Dialer(dial))
	}
	if cfg.SASL.Mechanism != "" {
		opts = append(opts, kgo.SASL(cfg.SASL.mechanism()))
	}
	if cfg.Logger != nil {
		opts = append(opts, kgo.WithLogger(NewLogger(cfg.Logger)))
	}
	if len(cfg.Hooks) > 0 {
		opts = append(opts, kgo.WithHooks(cfg.Hooks...))
	}
	return opts, nil
}

// MaxUnpackedBatchBytes is how many bytes a compressed batch may unpack to. A
// broker takes 1 MiB of compressed bytes by default (message.max.bytes), which
// events compress to from ten times as much.
const MaxUnpackedBatchBytes = 64 << 20

// ReaderOptions are for everything that reads. start matters only where no
// offset has been committed.
func ReaderOptions(start Position) []kgo.Opt {
	return []kgo.Opt{
		// An aborted transaction's records never happened.
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Said in full, because the reset offset would otherwise set it too.
		kgo.ConsumeStartOffset(start.offset()),
		// No silent reset: an out-of-range offset is an error that is reported.
		kgo.ConsumeResetOffset(kgo.NoResetOffset().AtStart()),
		// An idle fetch must not hide new records behind a slow broker wake-up.
		kgo.FetchMaxWait(500 * time.Millisecond),
		// Answer with the first byte: latency before request count.
		kgo.FetchMinBytes(1),
		// Bounds what one broker's answers hold in this process: two of them, which
		// unpacked are several times as large, in every session. 32 MiB made a
		// router that caught up hold a gigabyte.
		kgo.FetchMaxBytes(8 << 20),
		// A batch that unpacks to more is not read: the default of 1 GiB lets a
		// few hundred bytes of zeros end the process.
		kgo.MaxDecompressBatchBytes(MaxUnpackedBatchBytes),
		// Compressed, one partition's share of an answer fills a batch.
		kgo.FetchMaxPartitionBytes(1 << 20),
	}
}

// Group is a membership in a consumer group.
type Group struct {
	// Name of the group. Required.
	Name string
	// Topics to read. Required.
	Topics []string
	// InstanceID makes the membership static (KIP-345): a restart within the
	// session timeout moves no partitions. Optional.
	InstanceID string
	// SessionTimeout after which a silent member loses its partitions.
	// Default 10 s; brokers accept 6 s to 30 min unless told otherwise.
	SessionTimeout time.Duration
}

// DefaultSessionTimeout bounds, with the rebalance, how long a killed process
// keeps its partitions.
const DefaultSessionTimeout = 10 * time.Second

// GroupOptions are for members of a consumer group. Nothing is committed
// unless the caller commits it.
func GroupOptions(g Group) []kgo.Opt {
	session := g.SessionTimeout
	if session == 0 {
		session = DefaultSessionTimeout
	}
	opts := []kgo.Opt{
		kgo.ConsumerGroup(g.Name),
		kgo.ConsumeTopics(g.Topics...),
		// Only partitions that move are taken away; the others go on.
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		// Long enough for a garbage collection, short enough for a kill.
		kgo.SessionTimeout(session),
		// Four beats may be lost before the session is.
		kgo.HeartbeatInterval(session / 5),
		// A commit in progress may finish before the partition goes.
		kgo.RebalanceTimeout(60 * time.Second),
		// Offsets follow finished work, never a timer.
		kgo.DisableAutoCommit(),
	}
	if g.InstanceID != "" {
		opts = append(opts, kgo.InstanceID(g.InstanceID))
	}
	return opts
}

// ProducerOptions are for everything that writes. Writes are idempotent, which
// is the client's default and cannot be combined with a number of requests in
// flight (it chooses what keeps order). No RecordDeliveryTimeout
// and no retry limit: a record is acknowledged, or the client is closed, or
// the broker has refused it for good; a timeout would leave its fate unknown.
func ProducerOptions(cfg Config) []kgo.Opt {
	return []kgo.Opt{
		// An acknowledged record survives the loss of a broker.
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(codecs(cfg.Compression)...),
		// A copy of the largest input record and its headers must fit.
		kgo.ProducerBatchMaxBytes(cfg.MaxMessageBytes()),
		// One subject, one partition: the same hash as the Java client.
		kgo.RecordPartitioner(Partitioner()),
		// Full batches at load; every caller flushes or waits, so it costs at most this.
		kgo.ProducerLinger(5 * time.Millisecond),
		// A whole transaction is buffered at once; the byte limit is the real bound.
		kgo.MaxBufferedRecords(200_000),
		// Bounds what is written and not yet acknowledged.
		kgo.MaxBufferedBytes(128 << 20),
		// A missing topic is an error within seconds, not an endless wait.
		kgo.UnknownTopicRetries(10),
	}
}

// Transact names a transactional producer.
type Transact struct {
	// ID must be stable over restarts and unique in the cluster: a restarted
	// process then fences its predecessor and aborts what that left open at
	// once. Required.
	ID string
	// Timeout after which the broker aborts an open transaction. Default 40 s;
	// brokers refuse more than transaction.max.timeout.ms (15 min).
	Timeout time.Duration
}

// TransactOptions are for a client that commits what it read and what it
// wrote together. They come after ReaderOptions, GroupOptions and
// ProducerOptions.
func TransactOptions(t Transact) []kgo.Opt {
	timeout := t.Timeout
	if timeout == 0 {
		timeout = 40 * time.Second
	}
	return []kgo.Opt{
		kgo.TransactionalID(t.ID),
		kgo.TransactionTimeout(timeout),
		// The previous transaction's markers take a few milliseconds; 20 (the
		// default) would be a third of the hop's latency goal.
		kgo.ConcurrentTransactionsBackoff(5 * time.Millisecond),
	}
}

// Partitioner puts a key where the Java client's default partitioner puts it
// (murmur2), and records without a key on one partition per batch.
func Partitioner() kgo.Partitioner {
	return kgo.StickyKeyPartitioner(nil) // nil is the Kafka murmur2 hasher
}

// codecs lists the configured codec and what to fall back to. Snappy is the
// default: it costs the least CPU per event of all; lz4 is close and is what
// some clusters recompress to; zstd halves the bytes for twice the CPU.
func codecs(c Compression) []kgo.CompressionCodec {
	switch c {
	case LZ4:
		return []kgo.CompressionCodec{kgo.Lz4Compression(), kgo.NoCompression()}
	case Zstd:
		return []kgo.CompressionCodec{kgo.ZstdCompression(), kgo.SnappyCompression(), kgo.NoCompression()}
	case NoCompression:
		return []kgo.CompressionCodec{kgo.NoCompression()}
	default:
		return []kgo.CompressionCodec{kgo.SnappyCompression(), kgo.NoCompression()}
	}
}
