package boot

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	"github.com/sluicehq/sluice/pkg/provider/webhook"
)

// Providers are the advertising APIs that the binary knows, by name, where no
// installation's configuration is at hand: no host of a webhook is known.
func Providers(now func() time.Time) map[string]provider.Provider { return providers(now, nil) }

// Providers are those of this installation.
func (e *Env) Providers() map[string]provider.Provider {
	reach := e.Config.Sender.Provider(webhook.Name)
	if reach.BaseURL != "" { // a sandbox stands for every host
		return providers(e.Now, reach.Hosts)
	}
	// Never nil: an installation that lists no host allows none.
	return providers(e.Now, append([]string{}, reach.Hosts...))
}

// providers is the registry. Adding a provider is one folder under
// pkg/provider and one line here.
func providers(now func() time.Time, webhookHosts []string) map[string]provider.Provider {
	all := map[string]provider.Provider{}
	clock := func() int64 { return now().UnixMilli() }
	for _, p := range []provider.Provider{
		meta.NewWith(meta.Deps{Now: clock}),
		google.New(google.Deps{Now: clock}),
		webhook.New(webhook.Config{Hosts: webhookHosts}),
	} {
		all[p.Name()] = p
	}
	return all
}

// ForResources gives the same providers as the resource compiler wants them.
func ForResources(all map[string]provider.Provider) map[string]resource.Provider {
	out := make(map[string]resource.Provider, len(all))
	for name, p := range all {
		out[name] = p
	}
	return out
}

// ResourceKeys are the providers' own keys of resources, for editors and docs.
func ResourceKeys() map[string]resource.Keys {
	keys := map[string]resource.Keys{}
	for name, p := range Providers(time.Now) {
		keys[name] = p.Spec().Keys
	}
	return keys
}

// apiVersions gives the API versions that destinations' requests name, as far as
// their end is known.
func (e *Env) apiVersions(destinations []*resource.Destination) map[string]health.Version {
	all, found := e.Providers(), map[string]health.Version{}
	for _, d := range destinations {
		p, known := all[d.Provider]
		if !known {
			continue
		}
		account, _ := p.Open(d) // what is wrong was said where it was applied
		versioned, ok := account.(provider.Versioned)
		if !ok {
			continue
		}
		if name, ends := versioned.Version(); ends > 0 {
			found[d.ID] = health.Version{Name: name, Ends: ends}
		}
	}
	return found
}
