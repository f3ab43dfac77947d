package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy stands between every role and one service, so that connections can be
// slow, cut, or lose answers. The tester's own clients go around it.
type Proxy struct {
	proxy *toxiproxy.Proxy
}

// proxies makes them.
type proxies struct {
	server *toxiproxy.ApiServer
	all    []*Proxy
}

func newProxies() *proxies {
	return &proxies{server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())}
}

// to starts a proxy to an address on a free loopback port.
func (p *proxies) to(name, upstream string) (*Proxy, error) {
	one := toxiproxy.NewProxy(p.server, name, "127.0.0.1:0", upstream)
	if err := one.Start(); err != nil {
		return nil, fmt.Errorf("starting a proxy to %s: %w", name, err)
	}
	proxy := &Proxy{one}
	p.all = append(p.all, proxy)
	return proxy, nil
}

func (p *proxies) close() {
	for _, one := range p.all {
		one.proxy.Stop()
	}
}

// Addr is where the roles connect.
func (p *Proxy) Addr() string { return p.proxy.Listen }

// Down cuts every connection and refuses new ones; Up lets them in again.
func (p *Proxy) Down() { p.proxy.Stop() }

// Up ends Down.
func (p *Proxy) Up() error {
	if err := p.proxy.Start(); err != nil {
		return fmt.Errorf("starting the proxy to %s again: %w", p.proxy.Name, err)
	}
	return nil
}

// LoseAnswers lets requests through and drops what comes back; the connection
// ends after so many milliseconds, as it would after a failure in between.
func (p *Proxy) LoseAnswers(afterMS int) error {
	return p.toxic("lost", "timeout", "downstream", 1, map[string]any{"timeout": afterMS})
}

// Delay adds so many milliseconds to everything that comes back.
func (p *Proxy) Delay(ms int) error {
	return p.toxic("slow", "latency", "downstream", 1, map[string]any{"latency": ms, "jitter": ms / 5})
}

// Reset cuts a share of connections after so many milliseconds.
func (p *Proxy) Reset(share float64, ms int) error {
	return p.toxic("reset", "reset_peer", "downstream", share, map[string]any{"timeout": ms})
}

func (p *Proxy) toxic(name, kind, stream string, share float64, attributes map[string]any) error {
	text, err := json.Marshal(map[string]any{"name": name, "type": kind, "stream": stream, "toxicity": share, "attributes": attributes})
	if err != nil {
		return fmt.Errorf("describing a fault of %s: %w", p.proxy.Name, err)
	}
	if _, err := p.proxy.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("adding %s to %s: %w", kind, p.proxy.Name, err)
	}
	return nil
}

// Clear ends every fault.
func (p *Proxy) Clear(ctx context.Context) { p.proxy.Toxics.ResetToxics(ctx) }
