package cli_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// givenUp finds what a log says about batches that are read again.
var givenUp = regexp.MustCompile(`msg="[^"]*given up[^"]*".*`)

// TestAGivenUpBatchIsLoggedOnce, under the message that docs and alerts name,
// with the loop and the cause; nothing of it is lost.
func TestAGivenUpBatchIsLoggedOnce(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	redis := newWire(t, p.services.RedisAddr())
	p.startWith(append(p.services.Environ(), "SLUICE_ADMIN_LISTEN=off"), append(p.flags(), "--redis", redis.address())...)
	p.emit("acme", "1-", 1)
	p.await(1, "--status", "delivered")

	redis.set(true)
	p.emit("acme", "2-", 1)
	p.until("a batch to be given up", func() bool { return givenUp.MatchString(p.log.String()) })
	redis.set(false)
	p.await(2, "--status", "delivered")
	p.stop()
	for _, line := range givenUp.FindAllString(p.log.String(), -1) {
		require.True(t, strings.HasPrefix(line, `msg="batch given up for now" `), line)
		require.Contains(t, line, "loop=")
		require.Contains(t, line, "error=")
	}
}
