package fake

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// emptyHash is SHA-256 of nothing.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

const appendix = `(\.(AQ|Ag|Aw|BA|BQ|Bg)|\.[A-Za-z0-9_-]{8})?$`

var (
	hashForm  = regexp.MustCompile(`^[0-9a-f]{64}` + appendix)
	anyHash   = regexp.MustCompile(`^[0-9a-fA-F]{64}` + appendix)
	clickForm = regexp.MustCompile(`^fb\.[0-9]+\.[0-9]+\.[^.\s]+` + appendix)
)

// userRule is how one key of user_data is judged.
type userRule uint8

const (
	hashed     userRule = iota // SHA-256, string or array of strings
	external                   // a string or array of strings, hashed or opaque
	plain                      // one string, never hashed
	address                    // an IP address
	click                      // fbc, fbp
	leadNumber                 // integer of 15 to 17 digits
	userNumber                 // positive integer
	partner                    // a string; sent by partners without being documented
)

var userKeys = map[string]userRule{
	"em": hashed, "ph": hashed, "fn": hashed, "ln": hashed, "db": hashed, "ge": hashed, "ct": hashed, "st": hashed,
	"zp": hashed, "country": hashed, "f5first": hashed, "f5last": hashed, "fi": hashed, "dobd": hashed,
	"dobm": hashed, "doby": hashed, "app_user_id": hashed,
	"external_id":       external,
	"client_ip_address": address, "client_user_agent": plain, "fbc": click, "fbp": click,
	"subscription_id": plain, "anon_id": plain, "madid": plain,
	"fb_login_id": userNumber, "lead_id": leadNumber,
	"page_id": plain, "page_scoped_user_id": plain, "ctwa_clid": plain, "ig_account_id": plain, "ig_sid": plain,
	"whatsapp_business_account_id": plain,
	"partner_id":                   partner, "partner_name": partner,
}

func (c *check) userData() *Refusal {
	path := c.field("user_data")
	user := c.event.Get("user_data")
	if user.Kind == jsontree.Absent {
		return invalid(subInsufficient, "Your event has no user_data.")
	}
	if user.Kind != jsontree.Object {
		return badParam(path, "must be an object")
	}
	for _, m := range user.Members {
		rule, known := userKeys[m.Name]
		if !known {
			return unexpectedKey(m.Name, path)
		}
		if r := c.userKey(rule, m, fmt.Sprintf("%s['%s']", path, m.Name)); r != nil {
			return r
		}
	}
	return nil
}

func (c *check) userKey(rule userRule, m jsontree.Member, path string) *Refusal {
	switch rule {
	case hashed, external:
		return c.multi(rule, m, path)
	case leadNumber:
		if v, ok := m.Value.Int(); !ok || v < 1e14 || v >= 1e17 {
			return badParam(path, "must be an integer of 15 to 17 digits")
		}
		return nil
	case userNumber:
		if v, ok := m.Value.Int(); !ok || v <= 0 {
			return badParam(path, "must be a positive integer")
		}
		return nil
	case plain, address, click, partner:
	}
	if m.Value.Kind != jsontree.String || strings.TrimSpace(m.Value.Text) == "" {
		return badParam(path, "must be a non-empty string")
	}
	switch {
	case rule == click && !clickForm.MatchString(m.Value.Text):
		return invalid(subClickID, "The "+m.Name+" parameter of your event is not formatted correctly.")
	case rule == address && !ipAddress(m.Value.Text):
		return badParam(path, "must be a valid IPv4 or IPv6 address")
	case rule == plain && anyHash.MatchString(m.Value.Text):
		return badParam(path, "must not be hashed")
	}
	return nil
}

// multi checks keys that take one value or several.
func (c *check) multi(rule userRule, m jsontree.Member, path string) *Refusal {
	values := m.Value.Items
	if m.Value.Kind != jsontree.Array {
		values = []jsontree.Node{m.Value}
	}
	if len(values) == 0 {
		return badParam(path, "must not be empty")
	}
	for _, v := range values {
		if v.Kind != jsontree.String || v.Text == "" {
			return badParam(path, "must be a non-empty string or an array of them")
		}
		unhashed := rule == hashed && !hashForm.MatchString(v.Text)
		contact := rule == external && (strings.Contains(v.Text, "@") || (anyHash.MatchString(v.Text) && !hashForm.MatchString(v.Text)))
		if unhashed || contact {
			return invalid(subNotHashed, "The customer information parameter "+m.Name+" must be hashed with SHA-256 in lower-case hex.")
		}
		if c.cfg.RefuseEmptyHash && strings.HasPrefix(v.Text, emptyHash) {
			return invalid(subNotHashed, "The customer information parameter "+m.Name+" is the hash of an empty value.")
		}
	}
	return nil
}

func ipAddress(s string) bool {
	ok := func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && a.Zone() == ""
	}
	if ok(s) {
		return true
	}
	// the reference library's mark may follow the address
	i := strings.LastIndexByte(s, '.')
	return i > 0 && regexpAppendix.MatchString(s[i:]) && ok(s[:i])
}

var regexpAppendix = regexp.MustCompile(`^` + appendix)

// weak are the sets of keys that say too little about a person: an event whose
// keys are all in one of them is refused.
var weak = []map[string]struct{}{
	set("ct", "country", "st", "zp", "ge", "client_user_agent"),
	set("db", "client_user_agent"),
	set("fn", "ge"),
	set("ln", "ge"),
}

func (c *check) sufficient() *Refusal {
	user := c.event.Get("user_data")
	for _, w := range weak {
		all := true
		for _, m := range user.Members {
			if !in(w, m.Name) && userKeys[m.Name] != partner {
				all = false
				break
			}
		}
		if all {
			return invalid(subInsufficient, "This event does not have enough customer information parameters.")
		}
	}
	return nil
}

// emptyHashes counts the hashes of nothing in the event.
func emptyHashes(event jsontree.Node) (n int) {
	for _, m := range event.Get("user_data").Members {
		if userKeys[m.Name] != hashed && userKeys[m.Name] != external {
			continue
		}
		for _, v := range append([]jsontree.Node{m.Value}, m.Value.Items...) {
			if strings.HasPrefix(v.Text, emptyHash) {
				n++
			}
		}
	}
	return n
}
