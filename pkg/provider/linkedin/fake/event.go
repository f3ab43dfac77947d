package fake

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// hashedNames is the version that brought hashed names and external ids, and
// dropped the id of Oracle.
const hashedNames = 202609

// check judges one event. Its lines are those of the schema's validation.
type check struct {
	version int
	lines   []string
	reason  string // the path of the first line, for counters
}

func (c *check) refuse(path, what string) {
	if c.reason == "" {
		c.reason = path
	}
	c.lines = append(c.lines, "ERROR :: "+path+" :: "+what)
}

const missing = "field is required but not found and has no default value"

// rule judges one member, whose path leads to it.
type rule func(c *check, path string, n jsontree.Node)

// field is one member of an object; since is the version that brought it.
type field struct {
	name     string
	required bool
	rule     rule
	since    int
}

var (
	eventFields = []field{
		{"conversion", true, (*check).conversion, 0}, {"conversionHappenedAt", true, (*check).time, 0}, {"conversionValue", false, object(valueFields), 0},
		{"eventId", false, (*check).id, 0}, {"user", true, object(userFields), 0},
	}
	valueFields = []field{{"currencyCode", true, (*check).currency, 0}, {"amount", true, (*check).amount, 0}}
	userFields  = []field{
		{"userIds", true, (*check).userIDs, 0}, {"userInfo", false, (*check).userInfo, 0}, {"lead", false, (*check).lead, 0},
		{"externalIds", false, (*check).externalIDs, hashedNames},
	}
	infoFields = []field{
		{"firstName", false, (*check).text, 0}, {"lastName", false, (*check).text, 0}, {"title", false, (*check).text, 0},
		{"companyName", false, (*check).text, 0}, {"countryCode", false, (*check).country, 0},
		{"hashedFirstName", false, (*check).hash, hashedNames}, {"hashedLastName", false, (*check).hash, hashedNames},
	}
	pairFields = []field{{"idType", true, (*check).idType, 0}, {"idValue", true, (*check).text, 0}}
)

func (c *check) event(e jsontree.Node) {
	object(eventFields)(c, "", e)
	ids := e.Get("user").Get("userIds")
	if user := e.Get("user"); ids.Kind == jsontree.Array && len(ids.Items) == 0 && !user.Has("userInfo") && !user.Has("lead") && !user.Has("externalIds") {
		c.refuse("/user/userIds", "names nobody")
	}
}

// object checks members by their fields; the schema is closed.
func object(fields []field) rule {
	return func(c *check, path string, n jsontree.Node) {
		if n.Kind != jsontree.Object {
			c.refuse(path, "is not a record")
			return
		}
		for _, m := range n.Members {
			i := slices.IndexFunc(fields, func(f field) bool { return f.name == m.Name })
			if i < 0 || c.version < fields[i].since {
				c.refuse(path+"/"+short(m.Name), "unrecognized field found but not allowed")
				continue
			}
			fields[i].rule(c, path+"/"+m.Name, m.Value)
		}
		for _, f := range fields {
			if f.required && !n.Has(f.name) {
				c.refuse(path+"/"+f.name, missing)
			}
		}
	}
}

var personal = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}`)

// text is any string that says something and holds no e-mail address.
func (c *check) text(path string, n jsontree.Node) {
	switch {
	case n.Kind != jsontree.String:
		c.refuse(path, "cannot be coerced to String")
	case n.Text == "" || n.Text != strings.TrimSpace(n.Text) || len(n.Text) > 8192:
		c.refuse(path, "is empty, has white space around it or is too long")
	case personal.MatchString(n.Text):
		c.refuse(path, "holds an e-mail address")
	}
}

// id is the tag's own, byte for byte: white space around it belongs to it.
func (c *check) id(path string, n jsontree.Node) {
	switch {
	case n.Kind != jsontree.String || n.Text == "":
		c.refuse(path, "cannot be coerced to String")
	case personal.MatchString(n.Text):
		c.refuse(path, "holds an e-mail address")
	}
}

func (c *check) conversion(path string, n jsontree.Node) {
	id, ok := strings.CutPrefix(n.Text, rulePrefix)
	if n.Kind != jsontree.String || !ok || !digits(id) || id[0] == '0' {
		c.refuse(path, "Invalid Urn format")
	}
}

func (c *check) time(path string, n jsontree.Node) {
	// Milliseconds of this century have thirteen digits: seconds are refused.
	if ms, ok := n.Int(); !ok || ms < 1e12 || ms >= 1e13 {
		c.refuse(path, "cannot be coerced to a time in milliseconds")
	}
}

func (c *check) currency(path string, n jsontree.Node) {
	if n.Kind != jsontree.String || !currency.Known(n.Text) {
		c.refuse(path, "is no ISO 4217 code")
	}
}

var decimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?$`)

func (c *check) amount(path string, n jsontree.Node) {
	switch {
	case n.Kind != jsontree.String:
		c.refuse(path, short(n.Text)+" cannot be coerced to String")
	case !decimal.MatchString(n.Text):
		c.refuse(path, "is no decimal number")
	}
}

func (c *check) userIDs(path string, n jsontree.Node) {
	if n.Kind != jsontree.Array {
		c.refuse(path, "is not an array")
		return
	}
	seen := map[string]bool{}
	for i, pair := range n.Items {
		at := path + "/" + number(i)
		object(pairFields)(c, at, pair)
		kind, value := pair.Get("idType").Text, pair.Get("idValue").Text
		if form, known := idForms[kind]; known && !form(value) {
			c.refuse(at+"/idValue", "is not of the form that "+kind+" has")
		}
		if seen[kind+" "+value] {
			c.refuse(at, "came twice")
		}
		seen[kind+" "+value] = true
	}
	if hasKind(n, "PLAINTEXT_IP_ADDRESS") && hasKind(n, "SHA256_IP_ADDRESS") {
		c.refuse(path, "holds an address in clear and hashed")
	}
}

func hasKind(ids jsontree.Node, kind string) bool {
	return slices.ContainsFunc(ids.Items, func(n jsontree.Node) bool { return n.Get("idType").Text == kind })
}

// idForms are the types of identifiers with the form of their values.
var idForms = map[string]func(string) bool{
	"SHA256_EMAIL": isHash, "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID": isUUID, "PLAINTEXT_IP_ADDRESS": isAddress, "SHA256_IP_ADDRESS": isHash,
	"GOOGLE_AID": func(s string) bool { return isUUID(s) && s == strings.ToLower(s) },
	"ACXIOM_ID":  func(s string) bool { return s != "" }, "ORACLE_MOAT_ID": func(s string) bool { return s != "" },
}

func (c *check) idType(path string, n jsontree.Node) {
	if _, known := idForms[n.Text]; n.Kind != jsontree.String || !known || n.Text == "ORACLE_MOAT_ID" && c.version >= hashedNames {
		c.refuse(path, `"`+short(n.Text)+`" is not an enum symbol`)
	}
}

// hashOfNothing is what careless senders hash.
const hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

var (
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	uuidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
	leadForm = regexp.MustCompile(`^urn:li:leadGenFormResponse:[A-Za-z0-9_-]{1,100}$`)
)

func isHash(s string) bool { return hashForm.MatchString(s) && s != hashOfNothing }

func isUUID(s string) bool { return uuidForm.MatchString(s) && strings.Trim(s, "0-") != "" }

// isAddress takes a public IPv4 address. The real service takes anything.
func isAddress(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4() && a.IsGlobalUnicast() && !a.IsPrivate()
}

func (c *check) hash(path string, n jsontree.Node) {
	if n.Kind != jsontree.String || !isHash(n.Text) {
		c.refuse(path, "is no SHA-256 of something, in lower-case hex")
	}
}

// userInfo wants both names, clear or hashed.
func (c *check) userInfo(path string, n jsontree.Node) {
	object(infoFields)(c, path, n)
	plain, hashed := n.Has("firstName") || n.Has("lastName"), n.Has("hashedFirstName") || n.Has("hashedLastName")
	switch {
	case plain && hashed:
		c.refuse(path, "has names in clear and hashed")
	case hashed:
		c.both(path, n, "hashedFirstName", "hashedLastName")
	default:
		c.both(path, n, "firstName", "lastName")
	}
}

func (c *check) both(path string, n jsontree.Node, names ...string) {
	for _, name := range names {
		if !n.Has(name) {
			c.refuse(path+"/"+name, missing)
		}
	}
}

func (c *check) country(path string, n jsontree.Node) {
	if n.Kind != jsontree.String || len(n.Text) != 2 || n.Text != strings.ToUpper(n.Text) {
		c.refuse(path, "is no country code of two letters")
	}
}

func (c *check) lead(path string, n jsontree.Node) {
	if n.Kind != jsontree.String || !leadForm.MatchString(n.Text) {
		c.refuse(path, "Invalid Urn format")
	}
}

func (c *check) externalIDs(path string, n jsontree.Node) {
	if n.Kind != jsontree.Array || len(n.Items) != 1 {
		c.refuse(path, "must be an array of one string")
		return
	}
	c.text(path+"/0", n.Items[0])
}
