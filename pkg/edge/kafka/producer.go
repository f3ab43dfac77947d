package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Producer writes records outside transactions and waits until every in-sync
// replica has them. Safe for concurrent use.
type Producer struct {
	client *kgo.Client
}

// NewProducer makes a producer from cfg; extra options come last. It takes
// records CopyHeadroom larger than a loop does: it copies what loops wrote, and
// a copy has more headers.
func NewProducer(cfg Config, extra ...kgo.Opt) (*Producer, error) {
	opts, err := Options(cfg)
	if err != nil {
		return nil, err
	}
	opts = append(opts, ProducerOptions(cfg)...)
	opts = append(opts, kgo.ProducerBatchMaxBytes(cfg.MaxMessageBytes()+CopyHeadroom))
	client, err := kgo.NewClient(append(opts, extra...)...)
	if err != nil {
		return nil, fmt.Errorf("making kafka producer: %w", err)
	}
	return &Producer{client: client}, nil
}

// ProduceError says that some records of one call were not written.
type ProduceError struct {
	// Errs has an entry for each record of the call, nil where it was written.
	Errs []error
	// First is the first that is not nil.
	First error
	// Topic of the record that First belongs to.
	Topic string
}

// Error names the topic and the count, never a record.
func (e *ProduceError) Error() string {
	n := 0
	for _, err := range e.Errs {
		if err != nil {
			n++
		}
	}
	return fmt.Sprintf("writing to %s (%d of %d records failed): %v", e.Topic, n, len(e.Errs), e.First)
}

// Unwrap gives the first error to errors.Is.
func (e *ProduceError) Unwrap() error { return e.First }

// Produce writes records and returns when all of them are acknowledged, or
// have been refused (*ProduceError). When ctx ends first it returns ctx's
// error, and the records may still be written: ctx never cancels a record
// that was handed over, because a cancelled record's fate is unknown. After nil
// the records are the caller's again.
func (p *Producer) Produce(ctx context.Context, records ...*kgo.Record) error {
	if len(records) == 0 {
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var answers answers
	answers.pending.Add(len(records))
	free := context.WithoutCancel(ctx)
	done := make(chan struct{})
	go func() { // ends with the last promise; the client keeps every promise, at the latest in Close
		promise := answers.take
		for _, r := range records { // blocks while the client's buffer is full, so not in the caller's goroutine
			p.client.Produce(free, r, promise)
		}
		answers.pending.Wait()
		close(done)
	}()
	select {
	case <-done:
		p.forget(answers.failed)
		return answers.err(records)
	case <-ctx.Done():
		return fmt.Errorf("waiting for %d records to be written: %w", len(records), ctx.Err())
	}
}

// forget has the client begin anew with topics that were deleted and created
// again: it writes nothing to them otherwise, for as long as it lives. Nothing
// of the records that failed is in the new topic, so they may be written again.
func (p *Producer) forget(failed map[*kgo.Record]error) {
	for r, err := range failed {
		if errors.Is(err, kerr.UnknownTopicID) {
			p.client.PurgeTopicsFromProducing(r.Topic)
		}
	}
}

// answers are what became of the records of one call.
type answers struct {
	pending sync.WaitGroup
	mu      sync.Mutex
	failed  map[*kgo.Record]error
}

// take is the promise of every record: one for each would be an object each.
func (a *answers) take(r *kgo.Record, err error) {
	if err != nil {
		a.mu.Lock()
		if a.failed == nil {
			a.failed = make(map[*kgo.Record]error)
		}
		a.failed[r] = err
		a.mu.Unlock()
	}
	a.pending.Done()
}

// err is a *ProduceError where a record failed; every promise is kept by then.
func (a *answers) err(records []*kgo.Record) error {
	if len(a.failed) == 0 {
		return nil
	}
	e := &ProduceError{Errs: make([]error, len(records))}
	for i, r := range records {
		err := a.failed[r]
		if e.Errs[i] = err; err != nil && e.First == nil {
			e.First, e.Topic = err, r.Topic
		}
	}
	return e
}

// Client is the client underneath, for metadata and admin requests.
func (p *Producer) Client() *kgo.Client { return p.client }

// Close waits, until ctx ends, for what is buffered, and closes the client.
// What is still buffered then fails with kgo.ErrClientClosed.
func (p *Producer) Close(ctx context.Context) error {
	err := p.client.Flush(ctx)
	p.client.Close()
	if err != nil {
		return fmt.Errorf("flushing kafka producer: %w", err)
	}
	return nil
}

// TooLarge says whether err is a refusal of a record's or batch's size, by
// the client or by the broker.
func TooLarge(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}

// recordOverhead is more than Kafka adds to the bytes of one record: the batch
// header (61), the record's varints (at most 40) and what an encoding varint
// of a length may take.
const recordOverhead = 128

// RecordSize is an upper bound of the bytes that a record takes alone in an
// uncompressed batch.
func RecordSize(r *kgo.Record) int {
	n := recordOverhead + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += len(r.Headers[i].Key) + len(r.Headers[i].Value) + 10
	}
	return n
}
