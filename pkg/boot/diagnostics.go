package boot

import "github.com/sluicehq/sluice/pkg/edge/diagnostics"

// Diagnostics is the topic of decisions.
func (e *Env) Diagnostics() (*diagnostics.Log, error) {
	deps, err := e.diagnosticsDeps()
	if err != nil {
		return nil, err
	}
	return diagnostics.Open(e.Names.Diagnostics(), deps)
}

func (e *Env) diagnosticsDeps() (diagnostics.Deps, error) {
	registry, err := e.Registry.Codec()
	return diagnostics.Deps{Cluster: e.Cluster, Registry: registry, RegistryFix: e.Registry.Fix, Log: e.Log}, err
}
