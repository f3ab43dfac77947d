package table

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// snapshot is a table as it was when a view was made.
type snapshot struct {
	table *ConsentTable
	epoch int64
	used  *atomic.Int64 // of a partition
}

// current: it was not emptied since.
func (s snapshot) current() bool { return s.table.epoch.Load() == s.epoch }

// View is one look at the tables. Resources are those of one moment; consent
// is read as it stands, which is never older. It expires MaxAge after the
// moment that it is complete as of.
type View struct {
	set     *resource.Set
	consent snapshot    // whole
	from    *partitions // nil: whole
	parts   []snapshot  // by partition; the zero one is not in memory
	missing atomic.Bool // it was asked about one that is not
	expires time.Time
}

// Resources implements gate.View.
func (v *View) Resources() *resource.Set { return v.set }

// Consent implements gate.View. A view that has expired, or does not have the
// subject's partition, says that the record is malformed, which denies:
// nothing is ever sent on a stale answer or for want of one. Whoever decided
// with it finds out by Err and gives the decisions up.
func (v *View) Consent(customer string, subject identity.Raw) (consent.Statement, bool) {
	var buf [256]byte
	key := appendKey(buf[:0], customer, subject)
	at := v.consent
	if v.from != nil {
		number := partitionOf(key, len(v.parts))
		if at = v.parts[number]; at.table == nil {
			v.missing.Store(true)
			v.from.want(number)
			return unusable(), true
		}
		at.used.Store(v.expires.UnixMilli())
	}
	statement, ok := at.table.get(key)
	// Looked at after the lookup: a table that was emptied meanwhile counts.
	if !at.current() || v.late() > 0 {
		return unusable(), true
	}
	return statement, ok
}

func unusable() consent.Statement {
	return consent.NormaliseRecord(consent.Record{Input: consent.Input{Malformed: true}}, 0)
}

func (v *View) late() time.Duration { return time.Since(v.expires) }

// Err is nil while the view is valid; otherwise it is an ErrExpired or
// ErrLoading. Ask after the work and before its result takes effect.
func (v *View) Err() error {
	if late := v.late(); late > 0 {
		return fmt.Errorf("using tables %s too late: %w", late.Round(time.Millisecond), ErrExpired)
	}
	if v.missing.Load() {
		return ErrLoading
	}
	for _, at := range append(v.parts, v.consent) {
		if at.table != nil && !at.current() {
			return fmt.Errorf("using tables that are being read again: %w", ErrExpired)
		}
	}
	return nil
}
