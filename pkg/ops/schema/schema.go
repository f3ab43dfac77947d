// Package schema compares the schemas of an installation with their history and
// with its registry, and registers them.
package schema

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/schemas"
)

// CompatibleWithHistory checks that the schema reads, and is read by, every
// version before it. It gives the number of versions.
func CompatibleWithHistory(name schemas.Name) (int, error) {
	text, err := schemas.Text(name)
	if err != nil {
		return 0, err
	}
	versions, err := schemas.History(name)
	if err != nil {
		return 0, err
	}
	current, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	if err != nil {
		return 0, fmt.Errorf("parsing schema %s: %w", name, err)
	}
	for _, v := range versions {
		old, err := avro.ParseWithCache(v.Text, "", &avro.SchemaCache{})
		if err != nil {
			return 0, fmt.Errorf("parsing version %d: %w", v.Number, err)
		}
		compat := avro.NewSchemaCompatibility()
		if err := compat.Compatible(current, old); err != nil {
			return 0, fmt.Errorf("it cannot read version %d: %w", v.Number, err)
		}
		if err := compat.Compatible(old, current); err != nil {
			return 0, fmt.Errorf("version %d cannot read it: %w", v.Number, err)
		}
	}
	return len(versions), nil
}

// State says how the registry stands to one of our schemas.
type State string

// The states.
const (
	Registered   State = "registered"
	Missing      State = "missing"
	Incompatible State = "incompatible"
	// Compatible with its history; nobody asked a registry.
	Compatible State = "compatible"
)

// Subject is one subject of the registry. Its JSON is a row of `sluice schemas
// check --output json`.
type Subject struct {
	Subject string       `json:"subject"`
	Name    schemas.Name `json:"schema"`
	State   State        `json:"state"`
	ID      int          `json:"id,omitempty"`
	Detail  string       `json:"detail,omitempty"`
}

// Topics says which topics of an installation carry which schema. The input
// carries one only where its format has one.
func Topics(n topology.Names, input string, format string, providers []string) codec.Topics {
	t := codec.Topics{
		schemas.ConsentRecord: {n.Consent()}, schemas.Destination: {n.Destinations()}, schemas.Mapping: {n.Mappings()},
		schemas.Policy: {n.Policies()}, schemas.Diagnostic: {n.Diagnostics()}, schemas.Hold: {n.Hold()},
		schemas.DeadLetter: {n.DeadEvents()}, schemas.DestinationStatus: {n.DestinationStatus()},
		schemas.State: {n.State()}, schemas.SubjectKey: {n.SubjectKeys()},
	}
	// A format that there is not fails where events are read or written.
	if f, err := codec.FormatOf(format); err == nil && f.Schema != "" {
		t[f.Schema] = []string{input}
	}
	for _, name := range providers {
		for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
			t[schemas.Delivery] = append(t[schemas.Delivery], n.Delivery(name, lane))
		}
		for _, tier := range []string{"1m", "10m", "1h"} {
			t[schemas.Delivery] = append(t[schemas.Delivery], n.Retry(name, tier))
		}
		t[schemas.Delivery] = append(t[schemas.Delivery], n.Parked(name), n.DeadDeliveries(name))
		t[schemas.Submission] = append(t[schemas.Submission], n.Submissions(name))
	}
	return t
}

// schemaRegistry is the Schema Registry.
type schemaRegistry interface {
	URL() string
	Client() (*sr.Client, error)
	// IDs registers schemas where they are missing.
	IDs(ctx context.Context, topics codec.Topics) (codec.IDs, error)
	// Fix says what to do about a registry that failed with an error.
	Fix(err error) string
}

// Deps of a Registrar; all are needed.
type Deps struct {
	Registry schemaRegistry
	// Topics say which topics carry which schema.
	Topics codec.Topics
}

// Registrar holds nothing open and is safe for concurrent use.
type Registrar struct{ deps Deps }

// New makes a Registrar.
func New(deps Deps) *Registrar { return &Registrar{deps} }

// Subjects asks the registry about every subject of the installation.
func (r *Registrar) Subjects(ctx context.Context) ([]Subject, error) {
	client, err := r.deps.Registry.Client()
	if err != nil {
		return nil, err
	}
	var all []Subject
	for _, name := range schemas.Names() {
		text, err := schemas.Text(name)
		if err != nil {
			return nil, err
		}
		for _, topic := range r.deps.Topics[name] {
			s, err := subjectState(ctx, client, codec.Subject(topic), text)
			if err != nil {
				return nil, &unready.Error{What: "the Schema Registry does not answer", Err: err, Fix: r.deps.Registry.Fix(err)}
			}
			s.Name = name
			all = append(all, s)
		}
	}
	return all, nil
}

func subjectState(ctx context.Context, client *sr.Client, subject, text string) (Subject, error) {
	s := Subject{Subject: subject, State: Missing, Detail: "run `sluice schemas register`; roles register it too where they may"}
	schema := sr.Schema{Schema: text, Type: sr.TypeAvro}
	found, err := client.LookupSchema(ctx, subject, schema)
	switch {
	case err == nil:
		s.State, s.ID, s.Detail = Registered, found.ID, fmt.Sprintf("version %d", found.Version)
		return s, nil
	case !isMissing(err):
		return s, err
	}
	// -1 is the latest version; a subject that does not exist takes anything.
	compat, err := client.CheckCompatibility(ctx, subject, -1, schema)
	switch {
	case isMissing(err):
		return s, nil
	case err != nil:
		return s, err
	case !compat.Is:
		s.State, s.Detail = Incompatible, "the registry would refuse it: another program has registered a schema that it does not fit"
	}
	return s, nil
}

func isMissing(err error) bool {
	var answer *sr.ResponseError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
