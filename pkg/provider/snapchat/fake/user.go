package fake

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// userRule is how one key of user_data is judged.
type userRule uint8

const (
	hashes  userRule = iota // SHA-256, a string or an array of strings
	address                 // an IP address
	text                    // never hashed
	token                   // one word, never hashed
	lowerID                 // an advertising id in lower case, apps only
	plainID                 // a UUID, apps only
)

var userKeys = map[string]userRule{
	"em": hashes, "ph": hashes, "fn": hashes, "ln": hashes, "ge": hashes, "ct": hashes, "st": hashes, "zp": hashes, "country": hashes,
	"external_id": hashes, "client_ip_address": address, "client_user_agent": text, "sc_click_id": token, "sc_cookie1": token,
	"madid": lowerID, "mobile_ad_id": lowerID, "idfv": plainID,
}

const (
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	zeroUUID  = "00000000-0000-0000-0000-000000000000"
)

var (
	digest    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	anyDigest = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)
	word      = regexp.MustCompile(`^[!-~]{1,200}$`)
	uuid      = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
)

// user checks who it was, and that it is enough to find somebody.
func (c *check) user() *Refusal {
	user := c.event.Get("user_data")
	if user.Kind != jsontree.Object {
		return bad(codeMissing, "user_data", "is missing")
	}
	for _, m := range user.Members {
		rule, known := userKeys[m.Name]
		path := "user_data." + short(m.Name)
		if !known {
			return bad(codeShape, path, "is not known")
		}
		if (rule == lowerID || rule == plainID) && c.source != sourceApp {
			return bad(codeShape, path, "is for apps only")
		}
		if r := userKey(rule, m.Value, path); r != nil {
			return r
		}
	}
	network := user.Has("client_ip_address") && user.Has("client_user_agent")
	device := user.Has("madid") || user.Has("mobile_ad_id")
	if !user.Has("em") && !user.Has("ph") && !network && !device {
		return bad(codeInsufficient, "user_data", "needs em, ph, madid, or client_ip_address with client_user_agent")
	}
	return nil
}

func userKey(rule userRule, v jsontree.Node, path string) *Refusal {
	if rule == hashes && v.Kind == jsontree.Array {
		if len(v.Items) == 0 {
			return bad(codeShape, path, "must not be empty")
		}
		for _, item := range v.Items {
			if item.Kind == jsontree.Array {
				return bad(codeShape, path, "must be strings")
			}
			if r := userKey(rule, item, path); r != nil {
				return r
			}
		}
		return nil
	}
	if v.Kind != jsontree.String || blank(v.Text) {
		return bad(codeShape, path, "must be a string")
	}
	hashed := anyDigest.MatchString(v.Text)
	ok := !hashed
	switch rule {
	case hashes:
		if !digest.MatchString(v.Text) || v.Text == emptyHash {
			return bad(codeNotHashed, path, "must be hashed")
		}
		return nil
	case address:
		a, err := netip.ParseAddr(v.Text)
		ok = err == nil && a.Zone() == "" && a.IsGlobalUnicast() && !a.IsPrivate()
	case token:
		ok = !hashed && word.MatchString(v.Text)
	case lowerID:
		ok = uuid.MatchString(v.Text) && v.Text == strings.ToLower(v.Text) && v.Text != zeroUUID
	case plainID:
		ok = uuid.MatchString(v.Text) && v.Text != zeroUUID
	case text:
	}
	if !ok {
		return bad(codeValue, path, "is not valid")
	}
	return nil
}
