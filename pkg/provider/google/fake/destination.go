package fake

import (
	"fmt"
	"regexp"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// Types of conversion actions.
const (
	Webpage      = "WEBPAGE"
	UploadClicks = "UPLOAD_CLICKS"
	StoreSales   = "STORE_SALES"
)

const (
	adsAccount = "GOOGLE_ADS"
	gaProperty = "GOOGLE_ANALYTICS_PROPERTY"
	floodlight = "FLOODLIGHT_CONFIG"
	partner    = "DATA_PARTNER"
)

// destination is one checked entry of the request.
type destination struct {
	node      jsontree.Node
	reference string
	kind      string // account type
	account   string
	target    string
	action    string // type of the conversion action; empty: not known
	partner   bool   // the login account is a data partner
}

func (d destination) name() string { return d.kind + ":" + d.account }

var (
	customerID = regexp.MustCompile(`^[0-9]{10}$`)
	actionID   = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	propertyID = regexp.MustCompile(`^[0-9]{1,20}$`)
	streamID   = regexp.MustCompile(`^(G-[A-Z0-9]{4,}|[0-9]+:[0-9]+:(android|ios|web):[0-9a-f]+)$`)
)

const maxDestinations = 10

// destinations checks the list; the second result is a refusal that is no
// violation of a field, such as a missing permission.
func (j *judge) destinations() *Refusal {
	list := j.root.Get("destinations").Items
	if len(list) == 0 {
		j.add("destinations", "REQUIRED_FIELD_MISSING", "Required field not set.")
	}
	if len(list) > maxDestinations {
		j.add("destinations", "TOO_MANY_DESTINATIONS", "Too many destinations in the request.")
		return nil
	}
	seen := map[string]bool{}
	for i, node := range list {
		path := fmt.Sprintf("destinations[%d]", i)
		d := destination{node: node, reference: node.Get("reference").Text, target: node.Get("productDestinationId").Text}
		if d.reference != "" && seen[d.reference] {
			j.add(path+".reference", "DUPLICATE_DESTINATION_REFERENCE", "The reference is used by more than one destination.")
		}
		seen[d.reference] = true
		d.kind, d.account = j.account(node.Get("operatingAccount"), path+".operating_account", true)
		login, loginID := j.account(node.Get("loginAccount"), path+".login_account", false)
		j.account(node.Get("linkedAccount"), path+".linked_account", false)
		d.partner = login == partner
		if node.Get("linkedAccount").Present() && !d.partner {
			j.add(path+".linked_account", "LINKED_ACCOUNT_ONLY_ALLOWED_WITH_DATA_PARTNER_LOGIN_ACCOUNT", "A linked account needs a data partner as login account.")
		}
		j.target(&d, path)
		if r := j.registered(&d, loginID, path); r != nil {
			return r
		}
		j.dests = append(j.dests, d)
	}
	return nil
}

func (j *judge) account(n jsontree.Node, path string, required bool) (kind, id string) {
	if !n.Present() {
		if required {
			j.add(path, "REQUIRED_FIELD_MISSING", "Required field not set.")
		}
		return "", ""
	}
	kind, id = n.Get("accountType").Text, n.Get("accountId").Text
	if product := n.Get("product").Text; product != "" && product != "PRODUCT_UNSPECIFIED" {
		if kind == "" {
			kind = product
		}
		if kind != product {
			j.add(path+".account_type", "MISMATCHED_ACCOUNT_TYPE", "The account type and the product do not agree.")
		}
	}
	if kind == "" || kind == "ACCOUNT_TYPE_UNSPECIFIED" {
		j.add(path+".account_type", "REQUIRED_FIELD_MISSING", "Required field not set.")
	}
	switch {
	case id == "":
		j.add(path+".account_id", "REQUIRED_FIELD_MISSING", "Required field not set.")
	case kind == adsAccount && !customerID.MatchString(id):
		j.add(path+".account_id", "INVALID_NUMBER_FORMAT", "The customer id must be 10 digits without hyphens.")
	case !propertyID.MatchString(id):
		j.add(path+".account_id", "INVALID_NUMBER_FORMAT", "The account id must be a number.")
	}
	return kind, id
}

func (j *judge) target(d *destination, path string) {
	field := path + ".product_destination_id"
	if d.target == "" {
		j.add(field, "REQUIRED_FIELD_MISSING", "Required field not set.")
		return
	}
	switch d.kind {
	case adsAccount:
		if !actionID.MatchString(d.target) {
			j.add(field, "INVALID_CONVERSION_ACTION_ID", "The conversion action id must be a number.")
		}
	case gaProperty:
		if !streamID.MatchString(d.target) {
			j.add(field, "INVALID_DESTINATION", "The destination must be a measurement id or a Firebase app id.")
		}
	case floodlight, "":
	default:
		j.add(path+".operating_account.account_type", "INVALID_DESTINATION", "The account type does not take events.")
	}
}

// registered compares with the sandbox's own accounts, if it has any.
func (j *judge) registered(d *destination, login, path string) *Refusal {
	if len(j.cfg.Customers) == 0 || d.account == "" {
		return nil
	}
	customer, known := j.cfg.Customers[d.account]
	if !known {
		return &Refusal{HTTP: 403, Status: "PERMISSION_DENIED", Message: "The caller does not have permission", Reason: "PERMISSION_DENIED"}
	}
	if login != "" && login != d.account && !contains(customer.Managers, login) {
		j.add(path+".login_account", "OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH", "The login account has no access to the operating account.")
	}
	if customer.TermsNotSigned {
		j.add(path+".operating_account", "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED", "The terms for customer data are not accepted in this account.")
	}
	if d.kind != adsAccount {
		return nil
	}
	action, known := customer.Actions[d.target]
	switch {
	case !known:
		j.add(path+".product_destination_id", "INVALID_CONVERSION_ACTION_ID", "The conversion action does not exist in this account.")
	case action != "" && action != Webpage && action != UploadClicks && action != StoreSales:
		j.add(path+".product_destination_id", "INVALID_CONVERSION_ACTION_TYPE", "Conversion actions of this type do not take events.")
	case action == StoreSales && !customer.StoreSales:
		j.add(path+".operating_account", "ACCOUNT_INELIGIBLE_FOR_STORE_SALES", "The account may not upload store sales.")
	}
	d.action = action
	return nil
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
