package boot_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/config"
)

// What input.format may be is what the codec has, and the default is its first:
// the files of explain, which reads no configuration, are in that one.
func TestInputFormatsAreThoseOfTheCodec(t *testing.T) {
	t.Parallel()
	text, err := config.Schema()
	require.NoError(t, err)
	var schema struct {
		Properties struct {
			Input struct {
				Properties struct {
					Format struct {
						Enum    []string `json:"enum"`
						Default string   `json:"default"`
					} `json:"format"`
				} `json:"properties"`
			} `json:"input"`
		} `json:"properties"`
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	format := schema.Properties.Input.Properties.Format
	require.Equal(t, codec.FormatNames(), format.Enum)
	require.Equal(t, codec.FormatNames()[0], config.Default().Input.Format)
	require.Equal(t, codec.FormatNames()[0], format.Default)
}
