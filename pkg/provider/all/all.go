// Package all is the one list of providers. Topics, the chart's Deployments,
// hosts and network policies, pages of docs/providers, the sandbox and the demo
// all follow from it, so that another provider is one folder and one line.
package all

import (
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/ga4"
	"github.com/sluicehq/sluice/pkg/provider/google"
	"github.com/sluicehq/sluice/pkg/provider/linkedin"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	"github.com/sluicehq/sluice/pkg/provider/microsoft"
	"github.com/sluicehq/sluice/pkg/provider/microsoftoffline"
	"github.com/sluicehq/sluice/pkg/provider/pinterest"
	"github.com/sluicehq/sluice/pkg/provider/reddit"
	"github.com/sluicehq/sluice/pkg/provider/snapchat"
	"github.com/sluicehq/sluice/pkg/provider/tiktok"
	"github.com/sluicehq/sluice/pkg/provider/webhook"
	"github.com/sluicehq/sluice/pkg/provider/x"
)

// Registrations are the providers, in the order in which they are listed
// everywhere.
func Registrations() []provider.Registration {
	return []provider.Registration{
		meta.Registration(),
		google.Registration(),
		tiktok.Registration(),
		snapchat.Registration(),
		pinterest.Registration(),
		reddit.Registration(),
		linkedin.Registration(),
		microsoft.Registration(),
		microsoftoffline.Registration(),
		x.Registration(),
		ga4.Registration(),
		webhook.Registration(),
	}
}

// Names are the providers' names, in the same order.
func Names() []string {
	all := Registrations()
	names := make([]string, 0, len(all))
	for _, r := range all {
		names = append(names, r.Name)
	}
	return names
}

// Specs are what the providers declare about themselves, in the same order.
func Specs() []provider.Spec {
	all := Registrations()
	specs := make([]provider.Spec, 0, len(all))
	for _, r := range all {
		specs = append(specs, r.New(provider.Deps{}).Spec())
	}
	return specs
}

// New makes every provider, by name, each with its own surroundings.
func New(deps func(name string) provider.Deps) map[string]provider.Provider {
	made := map[string]provider.Provider{}
	for _, r := range Registrations() {
		made[r.Name] = r.New(deps(r.Name))
	}
	return made
}

// ForResources gives the same providers as the resource compiler wants them.
func ForResources(made map[string]provider.Provider) map[string]resource.Provider {
	out := make(map[string]resource.Provider, len(made))
	for name, p := range made {
		out[name] = p
	}
	return out
}

// ResourceKeys are the providers' own keys of resources, for editors and docs.
func ResourceKeys() map[string]resource.Keys {
	keys := map[string]resource.Keys{}
	for _, s := range Specs() {
		keys[s.Name] = s.Keys
	}
	return keys
}
