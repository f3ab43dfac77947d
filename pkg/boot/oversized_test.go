package boot_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/test/patience"
)

// A batch of the input that unpacks to too much is counted, for an alert that
// sees the first: the counter stands at zero before.
func TestABatchThatUnpacksToTooMuchIsCounted(t *testing.T) {
	t.Parallel()
	e, services := installation(t)
	base, _ := running(t, e, boot.Roles{Router: true})
	counted := func(n string) bool {
		_, metrics := get(t, base+"/metrics")
		return strings.Contains(metrics, "\nsluice_input_oversized_batches_total "+n+"\n")
	}
	require.True(t, counted("0"))

	opts, err := kafka.Options(services.Kafka())
	require.NoError(t, err)
	const room = 1 << 30
	client, err := kgo.NewClient(append(opts, kgo.ProducerBatchMaxBytes(room), kgo.BrokerMaxWriteBytes(room), kgo.MaxBufferedBytes(room),
		kgo.ProducerBatchCompression(kgo.ZstdCompression()))...)
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: e.Config.Topics.Input, Value: make([]byte, kafka.MaxUnpackedBatchBytes+1)}).FirstErr())
	patience.Until(t, "the count", func() bool { return counted("1") })
}
