package dedup_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

func TestAServerNeverPrintsItsPassword(t *testing.T) {
	t.Parallel()
	s := dedup.Server{Addr: "redis:6379", Username: "sluice", Password: "opensesame"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, "redis:6379", fmt.Sprintf(verb, s), verb)
		require.NotContains(t, fmt.Sprintf(verb, &s), "opensesame", verb)
	}
}
