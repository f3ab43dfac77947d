package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/world"
)

// topicFaults are what people do to topics.
func topicFaults() []fault {
	return []fault{
		{name: "topic-recreated", alone: true, takes: 20 * time.Second, run: topicRecreated},
		{name: "partitions-added", takes: 3 * time.Second, run: partitionsAdded},
		{name: "retention-overtakes", alone: true, takes: 6 * time.Second, run: retentionOvertakes},
		{name: "poison-resources", takes: 5 * time.Second, run: poisonResources},
	}
}

// topicRecreated: somebody deletes the analytics topic, when everything in it
// had been read, and creates it again. Its offsets begin anew.
func topicRecreated(ctx context.Context, b *bench) error {
	b.writer.writing.Lock()
	defer b.writer.writing.Unlock()
	if err := b.writer.flush(ctx); err != nil {
		return err
	}
	now := time.Now()
	for range 150 {
		if b.ledger.Pending(now) == 0 {
			break
		}
		wait(ctx, 100*time.Millisecond)
	}
	wait(ctx, 2*time.Second) // offsets are committed, too
	if n := b.ledger.Pending(now); n > 0 {
		b.say("not done: %d records are not decided yet", n)
		return nil
	}
	if _, err := b.w.Admin.DeleteTopic(ctx, world.InputTopic); err != nil {
		return fmt.Errorf("deleting %s: %w", world.InputTopic, err)
	}
	b.ledger.Forget(world.InputTopic)
	wait(ctx, 500*time.Millisecond)
	var err error
	for range 20 { // a real cluster takes its time to delete
		if err = b.w.CreateInput(ctx); err == nil {
			break
		}
		wait(ctx, 500*time.Millisecond)
	}
	if err != nil {
		return err
	}
	b.w.Client.PurgeTopicsFromProducing(world.InputTopic)
	b.ledger.Forget(world.InputTopic)
	return b.writer.look(ctx)
}

// partitionsAdded: keys move to other partitions.
func partitionsAdded(ctx context.Context, b *bench) error {
	listed, err := b.w.Admin.ListTopics(ctx, world.InputTopic)
	if err != nil {
		return fmt.Errorf("asking for the partitions of %s: %w", world.InputTopic, err)
	}
	if n := len(listed[world.InputTopic].Partitions); n >= world.Partitions+4 {
		b.say("not done: %d partitions are enough", n)
		return nil
	}
	responses, err := b.w.Admin.CreatePartitions(ctx, 1, world.InputTopic)
	if err == nil {
		err = responses.Error()
	}
	if err != nil {
		return fmt.Errorf("adding a partition to %s: %w", world.InputTopic, err)
	}
	wait(ctx, 2*time.Second)
	return nil
}

// retentionOvertakes: no router runs for longer than the topic keeps records.
func retentionOvertakes(ctx context.Context, b *bench) error {
	for _, name := range routers {
		if err := b.fleet.kill(name, false); err != nil {
			return err
		}
	}
	b.writer.burst(120)
	wait(ctx, time.Second)
	ends, err := b.w.Admin.ListEndOffsets(ctx, world.InputTopic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("asking for the end of %s: %w", world.InputTopic, err)
	}
	// Where nothing was ever committed, nobody can know that something is gone.
	committed, err := b.w.Admin.FetchOffsets(ctx, "sluice-router")
	if err != nil {
		return fmt.Errorf("asking what routers have read: %w", err)
	}
	gone := kadm.Offsets{}
	ends.Each(func(o kadm.ListedOffset) {
		c, known := committed.Lookup(o.Topic, o.Partition)
		if o.Partition%2 == 0 && o.Offset > 5 && known && c.At > 0 {
			gone.AddOffset(o.Topic, o.Partition, o.Offset-5, -1)
			b.ledger.Removed(ledger.Part{Topic: b.writer.topic, Partition: o.Partition}, o.Offset-5)
		}
	})
	deleted, err := b.w.Admin.DeleteRecords(ctx, gone)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		return fmt.Errorf("deleting records of %s: %w", world.InputTopic, err)
	}
	var errs []error
	for _, name := range routers {
		errs = append(errs, b.fleet.again(name))
	}
	return errors.Join(errs...)
}

// poisonResources: somebody writes records that are none into the topics of
// resources and consent. The last good ones hold.
func poisonResources(ctx context.Context, b *bench) error {
	for _, r := range []*kgo.Record{
		{Topic: b.w.Names.Mappings(), Key: []byte("shop-meta/shop-meta-purchase"), Value: []byte("not a mapping")},
		{Topic: b.w.Names.Destinations(), Key: []byte("shop-google"), Value: []byte{0, 0, 0, 0, 1, 2, 3}},
		{Topic: b.w.Names.Consent(), Key: []byte("shop:zq7xsubject-of-nobody"), Value: []byte("neither yes nor no")},
	} {
		if err := b.w.Client.ProduceSync(ctx, r).FirstErr(); err != nil {
			return fmt.Errorf("writing to %s: %w", r.Topic, err)
		}
	}
	wait(ctx, 3*time.Second)
	return nil
}
