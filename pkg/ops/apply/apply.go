package apply

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/schemas"
)

// Transaction writes records together, or none of them.
type Transaction interface {
	Write(ctx context.Context, records ...*kgo.Record) error
	Close()
}

// Deps of an Applier; all are needed.
type Deps struct {
	Topics    topics
	Registry  registry
	Names     topology.Names
	Resources resource.Installation
	// Transaction takes the right to write under an id from whoever had it.
	Transaction func(ctx context.Context, id string) (Transaction, error)
	Version     string
	Now         func() time.Time
}

// Applier answers requests. It holds nothing open between them and is safe for
// concurrent use.
type Applier struct{ deps Deps }

// New makes an Applier.
func New(deps Deps) *Applier { return &Applier{deps} }

// Request says what resources should be.
type Request struct {
	Files []resource.File
	// Prune removes what is applied and not in the files.
	Prune bool
	// DryRun writes nothing.
	DryRun bool
	// Author and Reason stand in the headers of every record.
	Author, Reason string
}

// Answer is what would change or has changed. Its JSON is that of `sluice apply
// --output json`.
type Answer struct {
	Applied bool `json:"applied"`
	// Effects say what starts and stops, as something that happened where it
	// was applied.
	Effects []string `json:"effects"`
	Changes []Change `json:"changes"`
	// Kept are resources that are applied and not in the files.
	Kept  []string `json:"kept"`
	Notes []string `json:"notes"`

	// Plan and Problems are the same for telling it to people.
	Plan     resource.Plan      `json:"-"`
	Problems []resource.Problem `json:"-"`
}

// Change is one resource.
type Change struct {
	Verb    string   `json:"verb"` // create, change or remove
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Details []string `json:"details,omitempty"`
}

// ChangesOf are changes as answers have them.
func ChangesOf(changes []resource.Change) []Change {
	all := make([]Change, 0, len(changes))
	for _, c := range changes {
		all = append(all, Change{Verb: string(c.Verb), Kind: c.Kind, Name: c.Name, Details: c.Details})
	}
	return all
}

// Apply plans a request and, where it is no dry run, writes it in one
// transaction: running roles see all of it, or none. The right to write is taken
// before what is applied is read, so that a plan is written over nothing but what
// it was made from. The notes of an answer count even where it comes with an
// error.
func (a *Applier) Apply(ctx context.Context, q Request) (Answer, error) {
	var writer *writer
	if !q.DryRun {
		w, err := a.writer(ctx)
		if err != nil {
			return Answer{}, err
		}
		defer w.tx.Close()
		writer = w
	}
	plan, notes, err := a.plan(ctx, q.Files, q.Prune)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Effects: append([]string{}, plan.Effects...), Changes: ChangesOf(plan.Changes), Kept: append([]string{}, plan.Kept...), Notes: []string{}, Plan: plan, Problems: notes}
	for _, p := range notes {
		answer.Notes = append(answer.Notes, p.String())
	}
	if writer == nil {
		return answer, nil
	}
	if err := writer.write(ctx, plan, Author{Name: q.Author, Reason: q.Reason, At: a.deps.Now()}); err != nil {
		return answer, err
	}
	answer.Applied, answer.Effects = true, Past(plan.Effects)
	return answer, nil
}

// Author says who applies, when and why; it stands in the headers of every
// record.
type Author struct {
	Name, Reason string
	At           time.Time
}

// Headers are those of every record that an author writes.
func (by Author) Headers(version string) []kgo.RecordHeader {
	return []kgo.RecordHeader{
		{Key: codec.HeaderAuthor, Value: []byte(by.Name)},
		{Key: codec.HeaderAppliedAt, Value: []byte(by.At.UTC().Format(time.RFC3339))},
		{Key: codec.HeaderApplyReason, Value: []byte(by.Reason)},
		{Key: codec.HeaderAppVersion, Value: []byte(version)},
	}
}

// transactionID is the transactional id of whoever writes resources, as the
// topology's operator role allows it. Installations on one cluster have one
// each, or they would take the right to write from each other.
func transactionID(n topology.Names) string {
	const id = "sluice-cli-apply"
	if n.Prefix != topology.DefaultPrefix {
		return id + "-" + n.Prefix
	}
	return id
}

// writer writes resources.
type writer struct {
	deps *Deps
	tx   Transaction
	ids  codec.IDs
}

func (a *Applier) writer(ctx context.Context) (*writer, error) {
	n := a.deps.Names
	if err := a.deps.Topics.RequireTopics(ctx, Topics(n)...); err != nil {
		return nil, err
	}
	ids, err := a.deps.Registry.IDs(ctx, codec.Topics{
		schemas.Destination: {n.Destinations()}, schemas.Mapping: {n.Mappings()}, schemas.Policy: {n.Policies()},
	})
	if err != nil {
		return nil, err
	}
	tx, err := a.deps.Transaction(ctx, transactionID(n))
	if err != nil {
		return nil, fmt.Errorf("opening resources for writing: %w", err)
	}
	return &writer{deps: &a.deps, tx: tx, ids: ids}, nil
}

func (w *writer) write(ctx context.Context, plan resource.Plan, by Author) error {
	if plan.Empty() {
		return nil
	}
	records := make([]*kgo.Record, 0, len(plan.Changes))
	for _, c := range plan.Changes {
		records = append(records, w.record(c, by))
	}
	err := w.tx.Write(ctx, records...)
	if cluster.Fenced(err) {
		return fmt.Errorf("writing resources: another apply began while this one was at work; nothing was written, run it again: %w", err)
	}
	if err != nil {
		return fmt.Errorf("writing resources (nothing was written): %w", err)
	}
	return nil
}

func (w *writer) record(c resource.Change, by Author) *kgo.Record {
	r := &kgo.Record{Key: []byte(c.Key), Headers: by.Headers(w.deps.Version)}
	gone := c.Verb == resource.Delete
	switch c.Kind {
	case resource.KindDestination:
		r.Topic = w.deps.Names.Destinations()
		if !gone {
			r.Value = codec.AppendDestination(nil, w.ids[schemas.Destination], c.Destination)
		}
	case resource.KindMapping:
		r.Topic = w.deps.Names.Mappings()
		if !gone {
			r.Value = codec.AppendMapping(nil, w.ids[schemas.Mapping], c.Mapping)
		}
	default:
		r.Topic = w.deps.Names.Policies()
		if !gone {
			r.Value = codec.AppendPolicy(nil, w.ids[schemas.Policy], &codec.Policy{Policy: *c.Policy, Hash: resource.HashPolicy(c.Policy)})
		}
	}
	return r
}

// Past says of what a plan would do, line by line, that it was done.
func Past(lines []string) []string {
	out := []string{}
	for _, e := range lines {
		for _, words := range [][2]string{
			{"would start ", "started "}, {"would stop ", "stopped "}, {"would no longer map ", "no longer mapped "}, {"would map ", "mapped "},
			{"would create ", "created "}, {"would change ", "changed "}, {"would remove ", "removed "}, {"would keep ", "kept "},
		} {
			if rest, ok := strings.CutPrefix(e, words[0]); ok {
				e = words[1] + rest
				break
			}
		}
		out = append(out, e)
	}
	return out
}
