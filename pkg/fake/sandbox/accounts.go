package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/fakes"
)

// ReadAccounts reads which accounts, credentials and limits a sandbox has, a
// member for each provider; what a file leaves out stays open. docs/sandbox.md
// describes the file.
func ReadAccounts(text []byte) (Config, error) {
	var file map[string]json.RawMessage
	if err := json.Unmarshal(text, &file); err != nil {
		return Config{}, fmt.Errorf("reading accounts: %w", err)
	}
	var closed []call.Fake
	for _, f := range fakes.All() {
		if file[f.Name()] == nil {
			continue
		}
		if err := f.Accounts(file[f.Name()]); err != nil {
			return Config{}, fmt.Errorf("reading accounts: %w", err)
		}
		closed = append(closed, f)
		delete(file, f.Name())
	}
	if unknown := slices.Sorted(maps.Keys(file)); len(unknown) > 0 {
		return Config{}, fmt.Errorf("reading accounts: unknown field %q: want one of %s", unknown[0], strings.Join(Providers(), ", "))
	}
	return Config{Fakes: closed}, nil
}
