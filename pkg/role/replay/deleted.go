package replay

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
)

// skipDeleted moves over what retention has deleted meanwhile, where nothing
// else comes: a partition whose log begins behind its end would never end.
func (r *runner) skipDeleted(ctx context.Context) error {
	admin := kadm.NewClient(r.reader)
	var topics []string
	for _, p := range r.state.Places {
		topics = append(topics, p.Topic)
	}
	starts, err := admin.ListStartOffsets(ctx, topics...)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return fmt.Errorf("asking where the logs begin: %w", err)
	}
	for i := range r.state.Places {
		p := &r.state.Places[i]
		if o, ok := starts.Lookup(p.Topic, p.Partition); ok {
			p.Position = max(p.Position, min(o.Offset, p.End))
		}
	}
	return nil
}
