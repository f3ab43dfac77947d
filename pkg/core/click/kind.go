// Package click reads the ids that advertising platforms put into links and
// cookies: from the event's fields, its page's URL and its referrer, taken apart
// to the id however the cookie wraps it. Sources of the forms: the tags' own
// code and documentation, docs/gates.md lists them.
package click

import (
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Kind is one platform's click id.
type Kind uint8

// The kinds.
const (
	Fbclid  Kind = iota // Meta
	Gclid               // Google Ads
	Gbraid              // Google Ads, web to app
	Wbraid              // Google Ads, iOS
	Dclid               // Campaign Manager 360
	Ttclid              // TikTok
	Sccid               // Snapchat
	Epik                // Pinterest
	RdtCid              // Reddit
	LiFatID             // LinkedIn
	Msclkid             // Microsoft Advertising
	Twclid              // X
	KindCount
)

// kind is what is known about a click id.
type kind struct {
	name       string   // in events: a member of click, also read as a key of click.other
	parameters []string // of URLs, case-sensitive
	cookies    []string // of the platform's own tag
	most       int      // characters, beyond which no id of the platform is
}

var kinds = [KindCount]kind{
	Fbclid:  {"fbclid", []string{"fbclid"}, []string{"_fbc"}, 500},
	Gclid:   {"gclid", []string{"gclid"}, []string{"_gcl_aw", "FPGCLAW"}, 512},
	Gbraid:  {"gbraid", []string{"gbraid"}, []string{"_gcl_ag", "FPGCLAG"}, 512},
	Wbraid:  {"wbraid", []string{"wbraid"}, []string{"_gcl_gb", "FPGCLGB"}, 512},
	Dclid:   {"dclid", []string{"dclid"}, []string{"_gcl_dc", "FPGCLDC"}, 512},
	Ttclid:  {"ttclid", []string{"ttclid"}, []string{"ttclid"}, 500},
	Sccid:   {"sccid", []string{"ScCid", "sccid", "sc_click_id"}, []string{"_scclid"}, 200},
	Epik:    {"epik", []string{"epik"}, []string{"_epik"}, 500},
	RdtCid:  {"rdt_cid", []string{"rdt_cid"}, []string{"_rdt_cid"}, 200},
	LiFatID: {"li_fat_id", []string{"li_fat_id"}, []string{"li_fat_id"}, 200},
	Msclkid: {"msclkid", []string{"msclkid"}, []string{"_uetmsclkid", "uet_msclkid"}, 64},
	Twclid:  {"twclid", []string{"twclid"}, []string{"_twclid"}, 200},
}

// String gives the name that the id has in events.
func (k Kind) String() string {
	if k < KindCount {
		return kinds[k].name
	}
	return "click(?)"
}

// Path gives the member of an event that has the id.
func (k Kind) Path() string { return fieldPaths[k] }

// KindOf finds a kind by the name that events, URLs or the tag's cookie have for
// it.
func KindOf(name string) (Kind, bool) {
	for k := range kinds {
		row := &kinds[k]
		if row.name == name || has(row.parameters, name) || has(row.cookies, name) {
			return Kind(k), true
		}
	}
	return 0, false
}

func has(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// field gives the event's own member for a kind, where it has one.
func field(c *event.Click, k Kind) identity.Raw {
	switch k {
	case Fbclid:
		return c.Fbclid
	case Gclid:
		return c.Gclid
	case Gbraid:
		return c.Gbraid
	case Wbraid:
		return c.Wbraid
	case Dclid:
		return c.Dclid
	case Ttclid:
		return c.Ttclid
	case Sccid:
		return c.Sccid
	case Epik:
		return c.Epik
	case RdtCid:
		return c.RdtCid
	case LiFatID:
		return c.LiFatID
	case Msclkid:
		return c.Msclkid
	case Twclid:
		return c.Twclid
	default:
		return identity.Raw{}
	}
}
