package x

import (
	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// The weights of the estimated match quality, ours: X publishes none. The sum is
// capped at 10.
const (
	emailWeight, phoneWeight, clickWeight = 4.0, 3.0, 5.0
	ipWeight, agentWeight                 = 1.0, 1.0
)

// One value of each: X's page shows one, and does not say whether it takes several.
var emails, phones = func() (conversion.Person, conversion.Person) {
	e, p := conversion.Emails(emailForm, emailWeight), conversion.Phones(phoneForm, phoneWeight)
	e.Most, p.Most = 1, 1
	return e, p
}()

// identifiers appends who it was, each in an object of its own; IP address and user
// agent share one.
func (b *builder) identifiers() {
	list := b.Array("identifiers")
	b.alone(func() bool { return b.Click("twclid", click.Twclid, clickWeight) })
	b.alone(func() bool { return b.Hash("hashed_email", &emails) })
	b.alone(func() bool { return b.Hash("hashed_phone_number", &phones) })
	b.alone(func() bool {
		ip := b.IP("ip_address", ipWeight, true)
		agent := b.UserAgent("user_agent", agentWeight)
		return ip || agent
	})
	b.Close(list)
}

// alone appends an object with what write gives, or nothing.
func (b *builder) alone(write func() bool) {
	before := len(b.Dst)
	b.Dst = append(jsonappend.Comma(b.Dst), '{')
	if !write() {
		b.Dst = b.Dst[:before]
		return
	}
	b.Dst = append(b.Dst, '}')
}

// sufficient is gate 6: IP address and user agent only complete another identifier.
// X's text can be read so that the two complete each other; the stricter sentence
// holds here, whatever the destination asks for.
func (b *builder) sufficient() {
	switch {
	case b.Present == 0:
		b.Insufficient(decision.IdentifiersNone, payload.Removed(b.Dropped[:], "no identifier is left"))
	case b.Present&^decision.Kinds(decision.KindIP, decision.KindUserAgent) == 0:
		b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "X wants a click id, an e-mail address or a telephone number beside IP address and user agent"))
	}
}

// identifierTable is the documentation's list.
func identifierTable() provider.Table {
	return provider.Table{
		Name: "identifiers", Title: "Identifiers", Head: []string{"member", "destination", "from", "sent", "match quality"},
		Rows: [][]string{
			{"`twclid`", "click_id", "`click.twclid`, the page's URL", "in clear", "5"},
			{"`hashed_email`", "email", "`identity.emails`", "hashed, the first", "4"},
			{"`hashed_phone_number`", "phone", "`identity.phones`", "hashed, with `+`, the first", "3"},
			{"`ip_address`", "ip", "`device.ip`", "in clear, IPv4 only", "1"},
			{"`user_agent`", "user_agent", "`device.user_agent`", "in clear", "1"},
		},
	}
}
