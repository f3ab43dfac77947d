package unready_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/unready"
)

// TestAnAddressIsSaidOnce: an HTTP client's error repeats the address that the
// fix names.
func TestAnAddressIsSaidOnce(t *testing.T) {
	t.Parallel()
	refused := errors.New("connection refused")
	at := "http://127.0.0.1:8081"
	err := fmt.Errorf("unable to GET %q: %w", at, &url.Error{Op: "Get", URL: at + "/subjects", Err: refused})
	e := &unready.Error{What: "the Schema Registry does not answer", Fix: "start the registry at " + at, Err: err}
	require.Equal(t, "the Schema Registry does not answer: connection refused\n  fix: start the registry at "+at, e.Error())
	require.ErrorIs(t, e, refused)

	e.Fix = "look at the network"
	require.Contains(t, e.Error(), at, "what nothing else names stays")
}
