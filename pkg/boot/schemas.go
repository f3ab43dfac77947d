package boot

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/edge/codec"
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

// SchemaState says how the registry stands to one of our schemas.
type SchemaState string

// The states.
const (
	SchemaRegistered SchemaState = "registered"
	SchemaMissing    SchemaState = "missing"
	SchemaRefused    SchemaState = "incompatible"
)

// SubjectState is one subject of the registry.
type SubjectState struct {
	Subject string
	Name    schemas.Name
	State   SchemaState
	ID      int
	Detail  string
}

// SchemaStates asks the registry about every subject of the installation.
func (e *Env) SchemaStates(ctx context.Context) ([]SubjectState, error) {
	client, err := e.Registry.Client()
	if err != nil {
		return nil, err
	}
	topics := e.SchemaTopics(e.Providers())
	var states []SubjectState
	for _, name := range schemas.Names() {
		text, err := schemas.Text(name)
		if err != nil {
			return nil, err
		}
		for _, topic := range topics[name] {
			state, err := subjectState(ctx, client, codec.Subject(topic), text)
			if err != nil {
				return nil, &unready.Error{What: "the Schema Registry does not answer", Err: err, Fix: e.Registry.Fix(err)}
			}
			state.Name = name
			states = append(states, state)
		}
	}
	return states, nil
}

func subjectState(ctx context.Context, client *sr.Client, subject, text string) (SubjectState, error) {
	s := SubjectState{Subject: subject, State: SchemaMissing, Detail: "run `sluice schemas register`; roles register it too where they may"}
	schema := sr.Schema{Schema: text, Type: sr.TypeAvro}
	found, err := client.LookupSchema(ctx, subject, schema)
	switch {
	case err == nil:
		s.State, s.ID, s.Detail = SchemaRegistered, found.ID, fmt.Sprintf("version %d", found.Version)
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
		s.State, s.Detail = SchemaRefused, "the registry would refuse it: another program has registered a schema that it does not fit"
	}
	return s, nil
}

func isMissing(err error) bool {
	var answer *sr.ResponseError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
