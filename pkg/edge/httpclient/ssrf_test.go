package httpclient_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
)

// inward is a client of a webhook's kind: one listed host, whose name leads
// into the private network.
func inward(t testing.TB) (*httpclient.Client, *fakeDNS) {
	t.Helper()
	dns := &fakeDNS{}
	address := netip.MustParseAddr("169.254.169.254")
	dns.answer.Store(&address)
	client, err := httpclient.New(httpclient.Config{Hosts: []string{"hooks.acme.example"}, DialTimeout: time.Second}, httpclient.Deps{Resolver: dns.resolver()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client, dns
}

// Hosts that some programs read as addresses, and addresses written in ways
// that a list of names may not expect.
var disguises = []string{
	"https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://127.1/", "https://0177.0.0.1/", "https://[::ffff:7f00:1]/",
	"https://localhost/", "https://hooks.acme.example.localhost/", "https://hooks.acme.example:80/", "https://hooks.acme.example./", "https://127.0.0.1#@hooks.acme.example/",
	"https://hooks.acme.example@169.254.169.254/latest/meta-data", "https://169.254.169.254\\@hooks.acme.example/", "https://hooks.acme.example%2f@10.0.0.1/",
	"https://ⓗooks.acme.example/", "http://hooks.acme.example/", "gopher://hooks.acme.example/", "file:///etc/passwd", "https:///hooks.acme.example",
}

func TestDisguisedAddressesAreNotAsked(t *testing.T) {
	t.Parallel()
	client, _ := inward(t)
	for _, target := range disguises {
		_, outcome := client.Send(t.Context(), provider.Request{Method: http.MethodPost, URL: target}, provider.Authorization{})
		require.Equal(t, httpclient.NotSent, outcome.Kind, target)
		require.Error(t, outcome.Err, target)
	}
}

// TestARedirectInwardsIsNotFollowed: the endpoint is public and listed, what
// it points to is the metadata service of the cloud.
func TestARedirectInwardsIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"http://169.254.169.254/latest/meta-data", "http://127.0.0.1:9464/metrics", "file:///etc/passwd", "//[::1]/"} {
		for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			b := setup(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			}, nil)
			response, outcome := b.client.Send(t.Context(), post(b.url), credentials())
			require.NoError(t, outcome.Err)
			require.Equal(t, status, response.Status, "the answer itself, which a provider classifies as a wrong configuration")
		}
	}
}

// FuzzURL: whatever stands in a destination's URL, nothing but the listed
// host's name is looked up, and nothing private is connected to.
func FuzzURL(f *testing.F) {
	for _, target := range disguises {
		f.Add(target)
	}
	f.Add("https://hooks.acme.example/conversions?x=1")
	client, _ := inward(f)
	f.Fuzz(func(t *testing.T, target string) {
		_, outcome := client.Send(t.Context(), provider.Request{Method: http.MethodPost, URL: target}, provider.Authorization{})
		require.Equal(t, httpclient.NotSent, outcome.Kind)
		require.Error(t, outcome.Err)
		u, err := url.Parse(target)
		if err != nil || u.User == nil {
			return
		}
		if password, set := u.User.Password(); set && len(password) > 12 {
			require.NotContains(t, outcome.Err.Error(), password)
		}
	})
}
