package demo

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/ops/claims"
	"github.com/sluicehq/sluice/pkg/ops/lines"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

//go:embed resources/*.yaml
var demoResources embed.FS

// scene is what a run is made of.
type scene struct {
	writer   *codec.Writer
	producer *kafka.Producer
	secrets  sandboxSecrets
	set      *resource.Set // what the accounting judges the input by
	// next gives the records to write, io.EOF after the last.
	next   func() (*kgo.Record, error)
	during map[subject]consent.Record
}

type subject struct{ customer, id string }

// prepare applies the resources, writes the consent that is known beforehand
// and gets the traffic ready.
func (s *stage) prepare(ctx context.Context, o Options) (*scene, error) {
	sc := &scene{secrets: sandboxSecrets{providers: map[string]string{}, sandbox: s.sandbox, others: sender.References{Dir: s.dir}}, during: map[subject]consent.Record{}}
	resources, err := loadResources(s.env, o.Resources)
	if err != nil {
		return nil, err
	}
	// The loading has told the problems; what a gate refuses still has a mapping.
	sc.set, _ = resource.Compile(resources, s.env.Resources())
	for _, d := range resources.Destinations {
		sc.secrets.providers[d.Secret] = d.Provider
	}
	if sc.writer, err = s.env.Writer(ctx); err != nil {
		return nil, err
	}
	brokers := s.services.Kafka()
	brokers.InputMaxBytes = inputMaxBytes
	if sc.producer, err = kafka.NewProducer(brokers); err != nil {
		return nil, err
	}
	s.env.OnClose(func() error { return sc.producer.Close(context.WithoutCancel(ctx)) })
	s.producer, s.writer = sc.producer, sc.writer
	s.mappings = int64(len(resources.Mappings))
	if err := sc.producer.Produce(ctx, s.resourceRecords(resources)...); err != nil {
		return nil, fmt.Errorf("applying the demo's resources: %w", err)
	}
	if err := s.openClaims(ctx); err != nil {
		return nil, err
	}
	before, err := sc.consents(o)
	if err != nil {
		return nil, err
	}
	if err := s.writeConsents(ctx, before); err != nil {
		return nil, err
	}
	sc.next, err = s.traffic(sc, o)
	return sc, err
}

// openClaims says that nobody has claimed anything yet, which roles would find
// out by themselves, and warn: to them a new Redis looks like one that lost all.
func (s *stage) openClaims(ctx context.Context) error {
	store, err := s.env.Claims()
	if err != nil {
		return err
	}
	rebuilder, err := boot.ClaimsRebuilder(s.env, store)
	if err != nil {
		return err
	}
	_, err = rebuilder.Rebuild(ctx, claims.Request{})
	return err
}

func loadResources(env *boot.Env, path string) (*resource.Resources, error) {
	var files []resource.File
	var err error
	if path == "" {
		files, err = resource.ReadFS(demoResources, "resources")
	} else {
		files, err = apply.ReadFiles(path)
	}
	if err != nil {
		return nil, err
	}
	resources, problems := resource.Load(files, nil, env.Resources())
	if !resource.HasErrors(problems) {
		problems = withoutFake(resources)
	}
	if resource.HasErrors(problems) {
		return nil, &apply.ProblemsError{Problems: problems}
	}
	return resources, nil
}

// withoutFake refuses destinations whose provider has no fake: only the real
// provider would answer them, and nothing leaves this machine.
func withoutFake(r *resource.Resources) []resource.Problem {
	var problems []resource.Problem
	for _, d := range r.Destinations {
		if slices.Contains(sandbox.Providers(), d.Provider) {
			continue
		}
		problems = append(problems, resource.Problem{
			Resource: "Destination/" + d.ID, Path: "spec.provider", Value: d.Provider,
			Rule: "must be a provider that the demo has a fake of (" + strings.Join(sandbox.Providers(), ", ") + "): it never sends to a real one",
			Fix:  "leave the destination out here, and look at its payloads with sluice explain",
		})
	}
	return problems
}

func (s *stage) resourceRecords(r *resource.Resources) []*kgo.Record {
	var records []*kgo.Record
	by := apply.Author{Name: "sluice demo", Reason: "to show something", At: s.env.Now()}.Headers(s.env.Version)
	add := func(topic, key string, value []byte) {
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(key), Value: value, Headers: by})
	}
	for _, p := range r.Policies {
		add(s.env.Names.Policies(), p.ID, s.writer.AppendPolicy(nil, p, resource.HashPolicy(p)))
	}
	for _, d := range r.Destinations {
		add(s.env.Names.Destinations(), d.ID, s.writer.AppendDestination(nil, d))
	}
	for _, m := range r.Mappings {
		add(s.env.Names.Mappings(), resource.MappingKey(m), s.writer.AppendMapping(nil, m))
	}
	return records
}

// consents gives the records to write first, and keeps those for later. Made
// traffic brings its own; a file's are all known beforehand.
func (sc *scene) consents(o Options) (map[subject]consent.Record, error) {
	before := map[subject]consent.Record{}
	if o.Consent == "" && o.Input == "" {
		first, later := Consents(time.Now().UnixMilli())
		for id, r := range first {
			before[subject{"northwind", id}] = r
		}
		for id, r := range later {
			sc.during[subject{"northwind", id}] = r
		}
	}
	if o.Consent == "" {
		return before, nil
	}
	f, err := os.Open(o.Consent)
	if err != nil {
		return nil, fmt.Errorf("reading consent records: %w", err)
	}
	defer f.Close()
	err = lines.EachConsent(o.Consent, f, o.ConsentNotes, func(r *codec.SubjectRecord) error {
		before[subject{r.CustomerID, r.SubjectID.Reveal()}] = r.Record
		return nil
	})
	return before, err
}

func (s *stage) writeConsents(ctx context.Context, all map[subject]consent.Record) error {
	records := make([]*kgo.Record, 0, len(all))
	for who, r := range all {
		records = append(records, &kgo.Record{
			Topic: s.env.Names.Consent(), Key: event.Key(nil, who.customer, who.id, ""),
			Value: s.writer.AppendConsentRecord(nil, &r),
		})
	}
	if err := s.producer.Produce(ctx, records...); err != nil {
		return fmt.Errorf("writing consent records: %w", err)
	}
	return nil
}

// traffic gives the records of the input topic one by one: made ones, or the
// lines of a file as they are. A line that is no event is written all the
// same, for the router to judge.
func (s *stage) traffic(sc *scene, o Options) (func() (*kgo.Record, error), error) {
	topic := s.env.Config.Topics.Input
	format, err := codec.FormatOf(s.env.Config.Input.Format)
	if err != nil {
		return nil, err
	}
	if o.Input == "" {
		made, left := NewTraffic(o.Seed, time.Now()), o.Events
		return func() (*kgo.Record, error) {
			if left == 0 {
				return nil, io.EOF
			}
			left--
			r := made.Next()
			if r.Event == nil {
				return &kgo.Record{Topic: topic, Value: r.Raw}, nil
			}
			return &kgo.Record{Topic: topic, Key: keyOf(r.Event), Value: sc.writer.AppendInput(nil, &format, r.Event)}, nil
		}, nil
	}
	f, err := os.Open(o.Input)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	s.env.OnClose(f.Close)
	lines := lines.NewReader(f)
	var scratch event.Event
	return func() (*kgo.Record, error) {
		n, line, err := lines.Next()
		switch {
		case err == io.EOF: //nolint:errorlint // io.EOF is never wrapped here
			return nil, io.EOF
		case err != nil:
			return nil, fmt.Errorf("reading events: %w", err)
		}
		line = bytes.Clone(line)
		r := &kgo.Record{Topic: topic, Value: sc.writer.AppendLine(nil, &format, &scratch, line)}
		if err := format.Line(&scratch, line); err != nil {
			o.Lines.Bad(n, err)
		} else {
			r.Key = keyOf(&scratch)
		}
		o.Lines.Line(n, line)
		return r, nil
	}, nil
}

func keyOf(e *event.Event) []byte {
	if e.CustomerID == "" {
		return nil
	}
	return event.Key(nil, e.CustomerID, e.SubjectID.Reveal(), e.ID)
}

// emit writes the traffic in chunks, so that memory does not grow with it.
func (s *stage) emit(ctx context.Context, sc *scene, tell func(int)) (int, error) {
	const chunk = 2000
	written := 0
	for {
		var records []*kgo.Record
		var end error
		for len(records) < chunk {
			var r *kgo.Record
			if r, end = sc.next(); end != nil {
				break
			}
			records = append(records, r)
		}
		if err := sc.producer.Produce(ctx, records...); err != nil {
			return written, fmt.Errorf("writing events: %w", err)
		}
		written += len(records)
		tell(written)
		if err := s.waitForRouter(ctx); err != nil {
			return written, err
		}
		switch {
		case end == io.EOF: //nolint:errorlint // io.EOF is never wrapped here
			return written, nil
		case end != nil:
			return written, end
		}
	}
}

// waitForRouter holds the writing back while too much waits to be read.
func (s *stage) waitForRouter(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		waiting, err := s.backlog(ctx, s.env.Config.Router.Group, s.env.Config.Topics.Input)
		if err != nil || waiting < ahead {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
