package codec_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

// Every format that there is reads back what it writes, and makes of a line what
// the line says, whether it is an event or not.
func TestEveryFormatReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	registry, _, _ := newRegistry(t)
	id, err := registry.Register(t.Context(), "analytics.events", schemas.AnalyticsEvent)
	require.NoError(t, err)
	require.Equal(t, []string{codec.FormatAvro, codec.FormatJSON}, codec.FormatNames())
	for _, f := range codec.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			reader, err := codec.NewEvents(f.Name, registry)
			require.NoError(t, err)
			var written, read, scratch event.Event
			require.NoError(t, f.Line(&written, []byte(purchase)))
			for _, value := range [][]byte{f.Encode(nil, id, &written), f.AppendLine(nil, id, &scratch, []byte(purchase))} {
				head, err := reader.Head(context.Background(), value)
				require.NoError(t, err)
				require.Equal(t, codec.Head{CustomerID: written.CustomerID, EventName: written.Name, EventTime: written.Time}, head)
				require.NoError(t, reader.Decode(context.Background(), value, &read))
				require.Equal(t, text(written), text(read))
			}
			value := f.AppendLine(nil, id, &scratch, []byte("no event"))
			require.Equal(t, "no event", string(value))
			require.Equal(t, "event.undecodable", outcome(nil, reader.Decode(context.Background(), value, &read)))
			value = f.AppendLine(nil, id, &scratch, []byte(`{"customer_id":"a b","event_name":"x","event_time":1795168800000}`))
			require.Equal(t, "event.invalid", outcome(nil, reader.Decode(context.Background(), value, &read)))
		})
	}
}

func TestAFormatThatThereIsNotIsRefusedWithThoseThatThereAre(t *testing.T) {
	t.Parallel()
	_, err := codec.NewEvents("xml", nil)
	require.EqualError(t, err, `reading input.format "xml": want avro or json`)
}
