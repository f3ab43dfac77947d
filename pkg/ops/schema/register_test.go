package schema_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/sluicehq/sluice/pkg/edge/registry"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/schema"
)

// young is a registry as it is soon after its start: it reads at once and
// refuses writes. Karapace answers so until it acts as its own primary, which
// is 5 s after its election or more.
type young struct {
	store *srfake.Registry

	mu     sync.Mutex
	answer []refusal // to the writes that come first
	last   *refusal  // to every write after those; nil: they are taken
	writes int
}

// refusal is what a write is answered with.
type refusal struct {
	status int
	body   string
}

var (
	noPrimary = refusal{500, `{"error_code":50003,"message":"Error while forwarding the request to the master."}`}
	starting  = refusal{503, `upstream connect error`}
)

func (y *young) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/versions") {
		y.store.Handler().ServeHTTP(w, r)
		return
	}
	if refused, ok := y.next(); ok {
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		w.WriteHeader(refused.status)
		_, _ = w.Write([]byte(refused.body))
		return
	}
	y.store.Handler().ServeHTTP(w, r)
}

func (y *young) next() (refusal, bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.writes++
	if len(y.answer) > 0 {
		first := y.answer[0]
		y.answer = y.answer[1:]
		return first, true
	}
	if y.last != nil {
		return *y.last, true
	}
	return refusal{}, false
}

func (y *young) asked() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.writes
}

// registering is a Registrar with a registry at url, and what it was told to
// wait for.
type registering struct {
	*schema.Registrar
	told []string
}

func registeringAt(t testing.TB, url string) *registering {
	t.Helper()
	names := topology.Names{Prefix: topology.DefaultPrefix}
	return &registering{Registrar: schema.New(schema.Deps{
		Topics: schema.Topics(names, "analytics.events", "avro", []string{"google", "meta"}),
		Registry: registry.New(registry.Config{URL: url, Now: time.Now, Timeout: time.Minute, Connect: func() (*sr.Client, error) {
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			return sr.NewClient(sr.URLs(url), sr.HTTPClient(&http.Client{Timeout: 5 * time.Second, Transport: transport}))
		}}),
	})}
}

func (r *registering) patience(limit time.Duration) schema.Patience {
	return schema.Patience{Limit: limit, Waiting: func(_, why string) { r.told = append(r.told, why) }}
}

func served(t testing.TB, y *young) string {
	t.Helper()
	y.store = srfake.NewRegistry()
	t.Cleanup(y.store.Close)
	server := httptest.NewServer(y)
	t.Cleanup(server.Close)
	return server.URL
}

// ample is more than any machine needs; no test waits for its end.
const ample = 2 * time.Minute

func TestRegisteringWaitsUntilTheRegistryTakesWrites(t *testing.T) {
	t.Parallel()
	r := registeringAt(t, served(t, &young{answer: []refusal{starting, noPrimary, noPrimary}}))
	require.NoError(t, r.Register(t.Context(), r.patience(ample)))
	// A busy machine may answer later than a request waits, which is said too.
	told := slices.DeleteFunc(slices.Clone(r.told), func(why string) bool { return why == "it takes connections and does not answer" })
	require.Equal(t, []string{"it answers with HTTP status 503", "it answers, and has no primary that takes writes yet"}, told,
		"each reason is said once")
	states, err := r.Subjects(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, states)
	for _, s := range states {
		require.Equal(t, schema.Registered, s.State, s.Subject)
	}
}

func TestRegisteringWaitsUntilTheRegistryListens(t *testing.T) {
	t.Parallel()
	var listening net.ListenConfig
	l, err := listening.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	at := l.Addr().String()
	require.NoError(t, l.Close())
	r := registeringAt(t, "http://"+at)
	store := srfake.NewRegistry()
	defer store.Close()
	server := httptest.NewUnstartedServer(store.Handler())
	defer server.Close()
	p := schema.Patience{Limit: ample, Waiting: func(registry, why string) {
		require.Equal(t, "http://"+at, registry)
		require.Equal(t, "nothing listens there yet", why)
		l, err := listening.Listen(t.Context(), "tcp", at)
		require.NoError(t, err)
		require.NoError(t, server.Listener.Close())
		server.Listener = l
		server.Start()
	}}
	require.NoError(t, r.Register(t.Context(), p))
}

// TestRegisteringGivesUp: within its limit, with what the registry said last
// and what to do about that; a registry that answers is not to be started.
func TestRegisteringGivesUp(t *testing.T) {
	t.Parallel()
	r := registeringAt(t, served(t, &young{last: &noPrimary}))
	err := r.Register(t.Context(), r.patience(300*time.Millisecond))
	var notReady *unready.Error
	require.ErrorAs(t, err, &notReady)
	require.Contains(t, err.Error(), "the Schema Registry registered no schema within 300ms: ")
	require.Contains(t, err.Error(), "Error while forwarding the request to the master.")
	require.Contains(t, notReady.Fix, "wait until it has a primary that takes writes")
	require.NotContains(t, notReady.Fix, "start the registry")
}

// TestRegisteringTriesOnce: without patience nothing is repeated, and the fix
// is the same.
func TestRegisteringTriesOnce(t *testing.T) {
	t.Parallel()
	y := &young{last: &noPrimary}
	r := registeringAt(t, served(t, y))
	err := r.Register(t.Context(), r.patience(0))
	var notReady *unready.Error
	require.ErrorAs(t, err, &notReady)
	require.Contains(t, notReady.Fix, "wait until it has a primary that takes writes")
	require.Equal(t, 1, y.asked())
	require.Empty(t, r.told)
}

// TestRegisteringDoesNotRepeatWhatCannotHelp: one try, and a fix that fits.
func TestRegisteringDoesNotRepeatWhatCannotHelp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer refusal
		fix    string
	}{
		"credentials":    {refusal{401, `{"message":"Unauthorized"}`}, "correct registry.username and registry.password"},
		"rights":         {refusal{403, `{"message":"Forbidden"}`}, "correct registry.username and registry.password"},
		"no registry":    {refusal{404, `<html>not found</html>`}, "correct registry.url (--registry)"},
		"incompatible":   {refusal{409, `{"error_code":409,"message":"Incompatible schema"}`}, "sluice schemas check"},
		"invalid schema": {refusal{422, `{"error_code":42201,"message":"Invalid schema"}`}, "sluice schemas check"},
		"other service":  {refusal{501, ``}, "correct registry.url (--registry)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := &young{last: &c.answer}
			r := registeringAt(t, served(t, y))
			err := r.Register(t.Context(), r.patience(ample))
			var notReady *unready.Error
			require.ErrorAs(t, err, &notReady)
			require.Contains(t, notReady.Fix, c.fix)
			require.Equal(t, 1, y.asked())
			require.Empty(t, r.told)
		})
	}
}

// TestRegisteringDoesNotRepeatTransportMistakes: http for https, and a
// certificate that nobody vouches for.
func TestRegisteringDoesNotRepeatTransportMistakes(t *testing.T) {
	t.Parallel()
	plain := served(t, &young{})
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for name, url := range map[string]string{
		"https to a plain port": strings.Replace(plain, "http://", "https://", 1),
		"unknown authority":     secure.URL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := registeringAt(t, url)
			err := r.Register(t.Context(), r.patience(ample))
			var notReady *unready.Error
			require.ErrorAs(t, err, &notReady)
			require.Empty(t, r.told)
		})
	}
}

func TestRegisteringEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := registeringAt(t, served(t, &young{last: &noPrimary}))
	ctx, cancel := context.WithCancel(t.Context())
	err := r.Register(ctx, schema.Patience{Limit: ample, Waiting: func(string, string) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
}
