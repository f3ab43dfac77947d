package sender_test

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/schemas"
)

// followed are the real tables over the harness's Kafka, for tests about how fast
// a record of the consent topic takes effect.
type followed struct {
	*table.Tables
	r      *harness
	writer *codec.Writer
	stop   func()
}

// follow makes the topics of the tables, writes resources and runs them.
func (r *harness) follow(text string) *followed {
	r.t.Helper()
	ctx := r.t.Context()
	topics := []string{r.names.Consent(), r.names.Destinations(), r.names.Mappings(), r.names.Policies()}
	made, err := r.admin.CreateTopics(ctx, 2, -1, nil, topics...)
	require.NoError(r.t, err)
	require.NoError(r.t, made.Error())
	if r.place != nil {
		r.place.AwaitTopics(ctx, topics...)
	}
	ids, err := r.registry.Resolve(ctx, codec.Topics{
		schemas.ConsentRecord: {r.names.Consent()}, schemas.Destination: {r.names.Destinations()}, schemas.Mapping: {r.names.Mappings()},
	}, false)
	require.NoError(r.t, err)
	f := &followed{r: r, writer: codec.NewWriter(ids, "test")}
	f.apply(text)
	destinations, err := codec.Destinations(r.registry)
	require.NoError(r.t, err)
	mappings, err := codec.Mappings(r.registry)
	require.NoError(r.t, err)
	consents, err := codec.NewConsentRecords(r.registry)
	require.NoError(r.t, err)
	f.Tables = table.New(table.Config{Topics: r.names, Kafka: r.services.Kafka()}, table.Deps{
		Resources: resource.Installation{Providers: map[string]resource.Provider{"meta": r.provider}},
		Decode: table.Decoders{
			Destination: destinations.Decode, Mapping: mappings.Decode, Consent: consents.Decode,
			Policy: func(context.Context, []byte, *consent.Policy) error { return nil }, // none is written
		},
	})
	running, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { require.NoError(r.t, f.Run(running, nil)) })
	f.stop = func() { cancel(); wait.Wait() }
	<-f.Ready()
	return f
}

// apply writes resources, for the real tables and for the harness's own world.
func (f *followed) apply(text string) {
	f.r.t.Helper()
	f.r.apply(text)
	loaded, problems := resource.Load([]resource.File{{Name: "test.yaml", Data: []byte(text)}}, nil, resource.Installation{Providers: map[string]resource.Provider{"meta": f.r.provider}})
	require.False(f.r.t, resource.HasErrors(problems), "%+v", problems)
	var records []*kgo.Record
	for _, d := range loaded.Destinations {
		records = append(records, &kgo.Record{Topic: f.r.names.Destinations(), Key: []byte(d.ID), Value: f.writer.AppendDestination(nil, d)})
	}
	for _, m := range loaded.Mappings {
		records = append(records, &kgo.Record{Topic: f.r.names.Mappings(), Key: []byte(resource.MappingKey(m)), Value: f.writer.AppendMapping(nil, m)})
	}
	require.NoError(f.r.t, f.r.producer.Produce(f.r.t.Context(), records...))
}

// says writes a subject's consent record; when it returns, it is readable.
func (f *followed) says(key string, record consent.Record) {
	f.r.t.Helper()
	record.UpdatedAt = time.Now().UnixMilli()
	require.NoError(f.r.t, f.r.producer.Produce(f.r.t.Context(), &kgo.Record{
		Topic: f.r.names.Consent(), Key: []byte(key), Value: f.writer.AppendConsentRecord(nil, &record),
	}))
}
