package httpclient_test

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/provider"
)

func TestOnlyListedHostsOverHTTPS(t *testing.T) {
	t.Parallel()
	client, err := httpclient.New(httpclient.Config{Hosts: []string{"graph.facebook.com", "Other.example:8443"}}, httpclient.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	refused := map[string]string{
		"another host":        "https://graph.facebook.com.evil.example/v25.0?access_token=" + canary,
		"another port":        "https://graph.facebook.com:8443/",
		"the listed port":     "https://other.example/",
		"http":                "http://graph.facebook.com/?access_token=" + canary,
		"a user in the URL":   "https://user:" + canary + "@graph.facebook.com/",
		"another scheme":      "ftp://graph.facebook.com/",
		"no scheme":           "graph.facebook.com/" + canary,
		"not a URL":           "https://graph.facebook.com/%zz" + canary,
		"a trick with a user": "https://graph.facebook.com@evil.example/",
	}
	for name, target := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, outcome := client.Send(t.Context(), provider.Request{Method: "POST", URL: target}, provider.Authorization{})
			assert.Equal(t, httpclient.NotSent, outcome.Kind)
			require.Error(t, outcome.Err)
			assert.NotContains(t, outcome.Err.Error(), canary)
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, hosts := range [][]string{nil, {""}, {"https://graph.facebook.com"}, {"graph.facebook.com/x"}} {
		_, err := httpclient.New(httpclient.Config{Hosts: hosts}, httpclient.Deps{})
		require.Error(t, err, "%v", hosts)
	}
	for _, base := range []string{"", "graph.facebook.com", "ftp://x", "http://"} {
		_, err := httpclient.HostOf(base)
		require.Error(t, err, base)
	}
	host, err := httpclient.HostOf("https://Graph.Facebook.com/v25.0")
	require.NoError(t, err)
	assert.Equal(t, "graph.facebook.com:443", host)
}

// TestNonPublicAddressesAreRefused asks for addresses directly; the list is
// the ways to reach a private network that attackers use.
func TestNonPublicAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200",
		"192.0.0.8", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1", "::7f00:1",
	} {
		entry := net.JoinHostPort(address, "443")
		client, err := httpclient.New(httpclient.Config{Hosts: []string{entry}, DialTimeout: 2 * time.Second}, httpclient.Deps{})
		require.NoError(t, err)
		_, outcome := client.Send(t.Context(), provider.Request{Method: "POST", URL: "https://" + entry + "/"}, provider.Authorization{})
		client.Close()
		require.ErrorIs(t, outcome.Err, httpclient.ErrNotAllowed, address)
		assert.Equal(t, httpclient.NotSent, outcome.Kind, address)
	}
}

// TestNameThatTurnsPrivate: the name was fine a moment ago and now leads
// into the private network (DNS rebinding).
func TestNameThatTurnsPrivate(t *testing.T) {
	t.Parallel()
	dns := &fakeDNS{}
	client, err := httpclient.New(httpclient.Config{Hosts: []string{"provider.example"}, DialTimeout: 300 * time.Millisecond}, httpclient.Deps{Resolver: dns.resolver()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	send := func(answer string) error {
		address := netip.MustParseAddr(answer)
		dns.answer.Store(&address)
		_, outcome := client.Send(t.Context(), provider.Request{Method: "POST", URL: "https://provider.example/", Body: []byte("x")}, provider.Authorization{})
		assert.Equal(t, httpclient.NotSent, outcome.Kind)
		return outcome.Err
	}
	// TEST-NET-1 is refused by the special ranges; a private address by its kind.
	for _, address := range []string{"10.0.0.1", "127.0.0.1", "169.254.169.254", "192.0.2.1"} {
		err := send(address)
		require.ErrorIs(t, err, httpclient.ErrNotAllowed, address)
		require.ErrorContains(t, err, "not on the public internet")
	}
	assert.Positive(t, dns.asked.Load(), "the fake name server was not asked")
}

func TestUnknownNameIsNotSent(t *testing.T) {
	t.Parallel()
	dns := &fakeDNS{}
	client, err := httpclient.New(httpclient.Config{Hosts: []string{"nowhere.example"}}, httpclient.Deps{Resolver: dns.resolver()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	_, outcome := client.Send(t.Context(), provider.Request{Method: "POST", URL: "https://nowhere.example/?access_token=" + canary}, provider.Authorization{})
	assert.Equal(t, httpclient.NotSent, outcome.Kind)
	require.EqualError(t, outcome.Err, "sending to nowhere.example:443: its name cannot be resolved")
}

// fakeDNS is a name server over in-memory connections. It knows one answer
// for every name, or none.
type fakeDNS struct {
	answer atomic.Pointer[netip.Addr]
	asked  atomic.Int64
}

func (f *fakeDNS) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go f.serve(server)
		return client, nil
	}}
}

// serve answers queries in the framing of DNS over TCP, which the resolver
// uses on connections that are not packet connections.
func (f *fakeDNS) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := readFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, int(size[0])<<8|int(size[1]))
		if _, err := readFull(conn, query); err != nil {
			return
		}
		answer, err := f.reply(query)
		if err != nil {
			return
		}
		if _, err := conn.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, answer...)); err != nil {
			return
		}
	}
}

func readFull(conn net.Conn, p []byte) (int, error) {
	for n := 0; n < len(p); {
		m, err := conn.Read(p[n:])
		n += m
		if err != nil {
			return n, err
		}
	}
	return len(p), nil
}

func (f *fakeDNS) reply(query []byte) ([]byte, error) {
	f.asked.Add(1)
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	address := f.answer.Load()
	if address == nil {
		m.RCode = dnsmessage.RCodeNameError
		return m.Pack()
	}
	for _, question := range m.Questions {
		if question.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: question.Class},
				Body:   &dnsmessage.AResource{A: address.As4()},
			})
		}
	}
	return m.Pack()
}
