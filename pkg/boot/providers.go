package boot

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

// Providers are the advertising APIs that the binary knows, by name, where no
// installation's configuration is at hand: no host of a webhook is known.
func Providers(now func() time.Time) map[string]provider.Provider {
	return all.New(func(string) provider.Deps { return provider.Deps{Now: clock(now)} })
}

// Providers are those of this installation.
func (e *Env) Providers() map[string]provider.Provider {
	return all.New(func(name string) provider.Deps {
		reach := e.Config.Sender.Provider(name)
		hosts := reach.Hosts
		if hosts == nil && reach.BaseURL == "" { // a sandbox stands for every host
			hosts = []string{} // an installation that lists no host allows none
		}
		return provider.Deps{Now: clock(e.Now), Hosts: hosts}
	})
}

func clock(now func() time.Time) func() int64 {
	return func() int64 { return now().UnixMilli() }
}

// ForResources is what resources are compiled against where no installation's
// configuration is at hand: nothing is shared between customers.
func ForResources(made map[string]provider.Provider) resource.Installation {
	return resource.Installation{Providers: all.ForResources(made)}
}

// Resources is what resources of this installation are compiled against.
func (e *Env) Resources() resource.Installation {
	return resource.Installation{Providers: all.ForResources(e.Providers()), Customers: e.Config.Customers}
}

// ResourceKeys are the providers' own keys of resources, for editors and docs.
func ResourceKeys() map[string]resource.Keys { return all.ResourceKeys() }

// apiVersions gives the API versions that destinations' requests name, as far as
// their end is known.
func (e *Env) apiVersions(destinations []*resource.Destination) map[string]health.Version {
	known, found := e.Providers(), map[string]health.Version{}
	for _, d := range destinations {
		p, ok := known[d.Provider]
		if !ok {
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

// blind says whether a provider never refuses anything.
func (e *Env) blind(name string) bool {
	p, known := e.Providers()[name]
	if !known {
		return false
	}
	spec := p.Spec()
	return spec.Blind
}
