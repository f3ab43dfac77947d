package resource_test

import (
	"testing"

	"github.com/sluicehq/sluice/pkg/resource"
)

func TestEmbedded(t *testing.T) {
	p := resource.EmbeddedPolicy()
	if p.Version == "unreadable" { t.Fatal("bad") }
	t.Log(len(p.Jurisdictions))
}
