package google

import "github.com/sluicehq/sluice/pkg/core/decision"

// quality estimates from 0 to 10 how likely Google is to match the event.
// Google publishes no formula; this is Sluice's own, from how its guides rank
// identifiers:
//
//	e-mail 4, click id 4, phone 2, address 2, session attributes 1,
//	Google Analytics' own id 2, user agent 0.5, IP address 0.5; 10 at most
func (b *build) quality() float64 {
	q := 0.0
	for _, w := range [...]struct {
		has    bool
		weight float64
	}{
		{b.users.emails.Len() > 0, 4},
		{b.signals.hasClick(), 4},
		{b.users.phones.Len() > 0, 2},
		{b.users.address.complete, 2},
		{b.signals.session != "", 1},
		{b.present.Has(decision.KindBrowserID), 2},
		{!b.signals.userAgent.IsZero(), 0.5},
		{b.signals.ip.IsValid(), 0.5},
	} {
		if w.has {
			q += w.weight
		}
	}
	return min(q, 10)
}
