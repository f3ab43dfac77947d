package sandbox_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

// What docs/sandbox.md shows works: its accounts can be read, its rules posted,
// and every fault and every kind of fault stands there.
func TestTheDocumentedFilesWork(t *testing.T) {
	text, err := os.ReadFile("../../../docs/sandbox.md")
	require.NoError(t, err)
	page := string(text)

	files := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(page, -1)
	require.Len(t, files, 1)
	cfg, err := sandbox.ReadAccounts([]byte(files[0][1]))
	require.NoError(t, err)
	require.Len(t, cfg.Fakes, len(sandbox.Providers()), "the page shows accounts of every provider")

	r := start(t, sandbox.Config{})
	posts := regexp.MustCompile(`(?s)/_sandbox/faults -d '(.*?)'`).FindAllStringSubmatch(page, -1)
	require.Len(t, posts, 1)
	a := r.do(http.MethodPost, r.urls["control"]+"/faults", posts[0][1])
	require.Equal(t, 200, a.status, a.text)
	require.Len(t, a.body["rules"], 3)

	for _, name := range []string{"throttle", "outage", "slow", "bad-token", "lost-answer", "poison"} {
		require.Contains(t, page, "| `"+name+"` |")
	}
	for _, kind := range []sandbox.Kind{
		sandbox.Throttle, sandbox.Unavailable, sandbox.HTML, sandbox.Reset, sandbox.BadToken, sandbox.Slow, sandbox.Raw,
		sandbox.ErrorIn200, sandbox.LostAnswer, sandbox.EmptyBody, sandbox.Truncated, sandbox.FewerEvents,
	} {
		require.Contains(t, page, "`"+string(kind)+"`")
	}
}

// A fault of the token endpoint speaks its language.
func TestATokenIsRefused(t *testing.T) {
	r := start(t, sandbox.Config{})
	require.NoError(t, r.box.Script(sandbox.Rule{Provider: "google", Operation: sandbox.OpToken, Times: 1, Do: sandbox.BadToken}))
	form := "grant_type=refresh_token&client_id=a&client_secret=b&refresh_token=c"
	ask := func() answer {
		return r.do(http.MethodPost, r.urls["google_token"], form, "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
	}
	a := ask()
	require.Equal(t, 400, a.status)
	require.Equal(t, "invalid_grant", a.body["error"])
	a = ask()
	require.Equal(t, 200, a.status, a.text)
	require.True(t, strings.HasPrefix(a.body["token_type"].(string), "Bearer"))
}
