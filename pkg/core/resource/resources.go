package resource

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the default policy
	"encoding/hex"
	"slices"
	"sync"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// Resources is a collection of expanded records, as they stand in the
// compacted topics: destinations, one mapping for each destination and event,
// and policies.
type Resources struct {
	Destinations []*Destination
	Mappings     []*Mapping
	Policies     []*consent.Policy

	// documents are the names of the mapping documents that were read from
	// files. Such a document owns every record that it expanded to.
	documents map[string]bool
	// origins and rows locate problems that are found after reading.
	origins map[string]*document.Origin
	rows    map[routeKey]*expanded
}

// expanded is where a mapping record came from.
type expanded struct {
	mapping *Mapping
	doc     *mappingDocument
	row     row
	dest    string // path of the destination in the document
}

// Destination finds a destination by id.
func (r *Resources) Destination(id string) (*Destination, bool) {
	if r == nil {
		return nil, false
	}
	i := slices.IndexFunc(r.Destinations, func(d *Destination) bool { return d.ID == id })
	if i < 0 {
		return nil, false
	}
	return r.Destinations[i], true
}

// Policy finds a policy by id; the embedded default policy stands in for a
// missing "default".
func (r *Resources) Policy(id string) (*consent.Policy, bool) {
	if r != nil {
		if i := slices.IndexFunc(r.Policies, func(p *consent.Policy) bool { return p.ID == id }); i >= 0 {
			return r.Policies[i], true
		}
	}
	if id == DefaultPolicy {
		return EmbeddedPolicy(), true
	}
	return nil, false
}

// sort orders everything by name, so that output is stable.
func (r *Resources) sort() {
	slices.SortFunc(r.Destinations, func(a, b *Destination) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(r.Mappings, compareMappings)
	slices.SortFunc(r.Policies, func(a, b *consent.Policy) int { return cmp.Compare(a.ID, b.ID) })
}

func compareMappings(a, b *Mapping) int {
	return cmp.Or(cmp.Compare(a.DestinationID, b.DestinationID), cmp.Compare(a.Name, b.Name))
}

//go:embed default_policy.yaml
var defaultPolicyFile []byte

// EmbeddedPolicy is the policy named default that every installation has until
// a resource of that name replaces it. The result is shared and read-only.
func EmbeddedPolicy() *consent.Policy { return embeddedPolicy() }

var embeddedPolicy = sync.OnceValue(func() *consent.Policy {
	docs, problems := readDocuments([]File{{Name: "default_policy.yaml", Data: defaultPolicyFile}}, nil)
	if document.HasErrors(problems) || len(docs.policies) != 1 {
		// A test keeps this from shipping. The empty policy is the strictest.
		return &consent.Policy{ID: DefaultPolicy, Version: "unreadable"}
	}
	return docs.policies[0]
})

// hashTree gives a content hash: 16 hex digits of the SHA-256 of the canonical
// JSON. Order, style and comments of the file do not change it.
func hashNode(t *document.Node) string {
	sum := sha256.Sum256(t.JSON())
	return hex.EncodeToString(sum[:8])
}

// HashDestination gives the content hash of a destination.
func HashDestination(d *Destination) string { return hashNode(destinationNode(d)) }

// HashMapping gives the content hash of a mapping record.
func HashMapping(m *Mapping) string { return hashNode(mappingNode(m, "section")) }

// HashPolicy gives the content hash of a policy.
func HashPolicy(p *consent.Policy) string { return hashNode(policyNode(p)) }
