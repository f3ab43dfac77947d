package fake

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// userRule is how one key of user is judged.
type userRule uint8

const (
	hashes  userRule = iota // SHA-256, a string or an array of strings
	hash                    // SHA-256, one string
	place                   // clear: lower case, without spaces and punctuation
	country                 // clear: ISO 3166-1 alpha-2, lower case
	token                   // clear: one word
	address                 // a public IP address
	text                    // clear, never hashed
	upperID                 // an advertising id in upper case, or its SHA-256
	lowerID                 // an advertising id in lower case, or its SHA-256
	plainID                 // a UUID
	locale                  // BCP 47
	status                  // App Tracking Transparency
)

// allowed are the keys of user by the kind of the event's source.
var allowed = map[string]map[string]userRule{
	"web": {
		"email": hashes, "phone": hashes, "external_id": hashes, "first_name": hash, "last_name": hash, "zip_code": hash,
		"city": place, "state": place, "country": country, "ttclid": token, "ttp": token, "ip": address, "user_agent": text, "locale": locale,
	},
	"app": {
		"email": hashes, "phone": hashes, "ip": address, "user_agent": text, "locale": locale,
		"idfa": upperID, "gaid": lowerID, "idfv": plainID, "att_status": status,
	},
	"offline": {"email": hashes, "phone": hashes},
	"crm":     {"email": hashes, "phone": hashes, "external_id": hashes},
}

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

var (
	digest     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	anyDigest  = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)
	placeForm  = regexp.MustCompile(`^[\p{L}\p{M}\p{N}]+$`)
	twoLetters = regexp.MustCompile(`^[a-z]{2}$`)
	word       = regexp.MustCompile(`^[!-~]{1,500}$`)
	uuid       = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
	localeForm = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	statuses   = set("AUTHORIZED", "DENIED", "NOT_DETERMINED", "RESTRICTED", "NOT_APPLICABLE")
)

const zeroUUID = "00000000-0000-0000-0000-000000000000"

// user checks who it was. At least one key has to say so, for a CRM event the lead
// does, and offline one of the two that find somebody.
func (c *check) user() *Refusal {
	user := c.event.Get("user")
	path := c.at("user")
	if c.kind == "crm" && user.Kind == jsontree.Absent {
		return nil // the lead says who it was
	}
	if user.Kind != jsontree.Object || len(user.Members) == 0 {
		return wrong(path, "Missing data for required field.")
	}
	for _, m := range user.Members {
		rule, known := allowed[c.kind][m.Name]
		if !known {
			return unknownField(path, m.Name)
		}
		if r := userKey(rule, m.Value, path+"."+m.Name); r != nil {
			return r
		}
	}
	if c.kind == "offline" && !user.Has("email") && !user.Has("phone") {
		return wrong(path, "Either email or phone is required.")
	}
	return nil
}

func userKey(rule userRule, v jsontree.Node, path string) *Refusal {
	if rule == hashes && v.Kind == jsontree.Array {
		if len(v.Items) == 0 {
			return wrong(path, "Must not be empty.")
		}
		for _, item := range v.Items {
			if r := userKey(hash, item, path); r != nil {
				return r
			}
		}
		return nil
	}
	if v.Kind != jsontree.String || blank(v.Text) {
		return wrong(path, "Not a valid string.")
	}
	if rule == hashes || rule == hash {
		if !digest.MatchString(v.Text) || v.Text == emptyHash {
			return notHashed()
		}
		return nil
	}
	if !clearForm(rule, v.Text) {
		return wrong(path, "Invalid value.")
	}
	return nil
}

// clearForm judges what travels as it is.
func clearForm(rule userRule, s string) bool {
	hashed := anyDigest.MatchString(s)
	switch rule {
	case place:
		return !hashed && placeForm.MatchString(s) && s == strings.ToLower(s)
	case country:
		return twoLetters.MatchString(s)
	case token:
		return !hashed && word.MatchString(s)
	case address:
		a, err := netip.ParseAddr(s)
		return err == nil && a.Zone() == "" && a.IsGlobalUnicast() && !a.IsPrivate()
	case upperID:
		return digest.MatchString(s) || uuid.MatchString(s) && s == strings.ToUpper(s) && s != zeroUUID
	case lowerID:
		return digest.MatchString(s) || uuid.MatchString(s) && s == strings.ToLower(s) && s != zeroUUID
	case plainID:
		return uuid.MatchString(s) && s != zeroUUID
	case locale:
		return localeForm.MatchString(s)
	case status:
		return in(statuses, s)
	case hashes, hash, text:
	}
	return !hashed
}
