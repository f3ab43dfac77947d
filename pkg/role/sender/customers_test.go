package sender_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// TestAnotherCustomersSecretIsNotUsed: a destination that came into its topic by
// another way than `sluice apply` waits, its secret is not even read, and its
// neighbour, whose secret it names, goes on.
func TestAnotherCustomersSecretIsNotUsed(t *testing.T) { bubble(t, 2, borrowASecret) }

func borrowASecret(r *harness) {
	r.order(1, "order", "a")
	unchecked := resource.Installation{Providers: map[string]resource.Provider{"meta": r.provider}, Customers: resource.Customers{Secrets: resource.SecretsAny}}
	text := strings.ReplaceAll(resources(2), "file:c1-d1", "file:c0-d0")
	loaded, problems := resource.Load([]resource.File{{Name: "test.yaml", Data: []byte(text)}}, nil, unchecked)
	require.Empty(r.t, problems)
	r.world.change(func() {
		r.world.set, _ = resource.Compile(loaded, resource.Installation{Providers: unchecked.Providers})
	})
	read := &readSecrets{secrets: r.secrets}
	s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Secrets = read })
	r.await(func() bool { return r.counts()["parked destination.invalid"] == 1 }, "parked")
	require.Empty(r.t, r.wire.requests())
	require.Empty(r.t, read.references())
	parked := r.decisions()[0]
	require.Contains(r.t, parked.Message, "spec.secret must be a secret of customer c1, as its name says: file:c1/NAME or file:c1-NAME")

	r.order(0, "order", "b")
	r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "delivered")
	r.apply(resources(2))
	r.await(func() bool { return r.counts()["delivered delivered"] == 2 }, "healed by a name of its own")
	r.stop(s)
}

// readSecrets remembers which references were resolved.
type readSecrets struct {
	*secrets
	mu  sync.Mutex
	all []string
}

func (s *readSecrets) Resolve(reference string) (provider.Secret, string, error) {
	s.mu.Lock()
	s.all = append(s.all, reference)
	s.mu.Unlock()
	return s.secrets.Resolve(reference)
}

func (s *readSecrets) references() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}
