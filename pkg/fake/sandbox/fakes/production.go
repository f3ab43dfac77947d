//go:build production

package fakes

import "github.com/sluicehq/sluice/pkg/fake/sandbox/call"

// All is empty in a production build, which sends to real providers only.
func All() []call.Fake { return nil }
