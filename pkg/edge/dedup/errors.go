package dedup

import (
	"errors"
	"fmt"
)

// ErrUnavailable says that claims cannot be trusted now: Redis does not
// answer, was emptied, or is being rebuilt. The caller waits or goes on
// without, as its policy says. Every error of [Store.Claim] and [Store.Check]
// wraps it.
var ErrUnavailable = errors.New("claims are unavailable")

// ErrEmpty is the ErrUnavailable of a Redis without a sentinel: it is new, or
// was emptied, and somebody has to call [Store.Rebuild].
var ErrEmpty = fmt.Errorf("%w: redis is empty", ErrUnavailable)

// ErrChanged is the ErrUnavailable of a Redis that was rebuilt since the
// claims were made. The store knows the new number by now: trying again works.
var ErrChanged = fmt.Errorf("%w: redis was rebuilt meanwhile", ErrUnavailable)

// ErrFailedOver is the ErrUnavailable of a Redis whose replication id is not the
// one under which the claims were complete: a replica was promoted, or the
// server was restarted, and claims that it had acknowledged may be gone.
// Somebody has to call [Store.Rebuild].
var ErrFailedOver = fmt.Errorf("%w: redis failed over or was restarted, claims may be missing", ErrUnavailable)

// RebuildingError says who is rebuilding. It is an ErrUnavailable.
type RebuildingError struct{ By string }

// Error names the instance.
func (e *RebuildingError) Error() string {
	return fmt.Sprintf("%v: being rebuilt by %s", ErrUnavailable, e.By)
}

// Unwrap makes it an ErrUnavailable.
func (e *RebuildingError) Unwrap() error { return ErrUnavailable }

// ErrLeaseLost ends a rebuild, or whatever else a lease is for, when another
// instance has taken it.
var ErrLeaseLost = errors.New("the lease was lost")

func unavailable(doing string, err error) error {
	if errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, err)
}
