package app

import (
	"time"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	"github.com/sluicehq/sluice/pkg/resource"
)

// Providers are the advertising APIs that the binary knows, by name. Adding one
// is one folder under pkg/provider and one line here.
func Providers(now func() time.Time) map[string]provider.Provider {
	all := map[string]provider.Provider{}
	for _, p := range []provider.Provider{
		meta.New(),
		google.New(google.Deps{Now: func() int64 { return now().UnixMilli() }}),
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

// quotas name the budget of requests that a destination shares with others,
// for providers that count by something else than the destination.
var quotas = map[string]func(*provider.Target) string{
	google.Name: google.QuotaProject,
}
