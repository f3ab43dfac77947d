package sender

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Rates are those of an installation, not of a process: each sender takes the
// part that its partitions of the lanes are of all. Deliveries are spread over
// partitions by subject, so that is what it will have to send.

// measure finds out how many partitions the lanes have.
func (l *loop) measure(ctx context.Context) {
	if l.measuring || !l.moving {
		return
	}
	l.measuring, l.moving = true, false
	var topics []string
	for name, at := range l.places.byTopic {
		if !at.waits() {
			topics = append(topics, name)
		}
	}
	l.spawn(func() func() {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		total := 0
		details, err := kadm.NewClient(l.reader.client).ListTopics(limited, topics...)
		for _, topic := range details {
			total += len(topic.Partitions)
		}
		return func() {
			l.measuring = false
			if err == nil && total > 0 {
				l.total = total
			}
			l.reshare()
		}
	})
}

// reshare gives every limiter this process's part.
func (l *loop) reshare() {
	owned := 0
	for at := range l.partitions {
		if !l.places.byTopic[at.topic].waits() {
			owned++
		}
	}
	l.share = 1
	if l.total > 0 && owned > 0 && owned < l.total {
		l.share = float64(owned) / float64(l.total)
	}
	now := l.deps.Now()
	for _, d := range l.destinations {
		l.rates(d, now)
	}
}
