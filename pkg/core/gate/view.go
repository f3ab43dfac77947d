// Package gate decides. Evaluate is the whole decision before the claim, one
// ordered table of pure gates; the router, hold, replay and explain call it and
// nothing else, and the sender runs the same table's recheckable rows.
package gate

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// View is one immutable snapshot of everything that can change: resources and
// consent. It is never stored beyond the batch that it was taken for.
type View interface {
	Resources() *resource.Set
	// Consent gives the subject's record, interpreted; false where there is
	// none.
	Consent(customer string, subject identity.Raw) (consent.Statement, bool)
	// Err says that the view is too old by now: what was decided with it must
	// be given up before it takes effect. nil while the view is good.
	Err() error
}
