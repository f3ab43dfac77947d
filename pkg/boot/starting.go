package boot

import (
	"sync"

	"github.com/sluicehq/sluice/pkg/edge/admin"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/table"
)

// starting is a process until its roles run. Whatever it waits for (the registry,
// topics, Redis), a signal ends the wait, and the admin endpoint answers: an
// orchestrator that cannot probe a process kills it, and a wait becomes a loop of
// restarts.
type starting struct {
	mu     sync.Mutex
	tables *table.Tables
	group  *lifecycle.Group
}

// run says that the roles are there.
func (s *starting) run(tables *table.Tables, group *lifecycle.Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables, s.group = tables, group
}

func (s *starting) now() (*table.Tables, *lifecycle.Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tables, s.group
}

// checks are those of /readyz.
func (s *starting) checks() []admin.Check {
	tables, group := s.now()
	if group == nil {
		return []admin.Check{{Name: "start", Detail: "topics, Redis, the Schema Registry and tables are being waited for; the log says which"}}
	}
	return checks(tables, group)
}

// status is that of /statusz.
func (s *starting) status(e *Env) any {
	_, group := s.now()
	if group == nil {
		return map[string]any{"version": e.Version, "starting": true}
	}
	return e.observed.status(e.Version, group)
}
