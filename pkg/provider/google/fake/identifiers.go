package fake

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// emptyHash is SHA-256 of nothing, in hex.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

const maxIdentifiers = 10

var (
	regionForm = regexp.MustCompile(`^[A-Z]{2}$`)
	usPostal   = regexp.MustCompile(`^[0-9]{5}(-[0-9]{4})?$`)
)

// encoding checks the request's declared encoding and encryption.
func (j *judge) encoding() {
	j.enc = j.root.Get("encoding").Text
	if j.enc == "ENCODING_UNSPECIFIED" {
		j.enc = ""
	}
	info := j.root.Get("encryptionInfo")
	if !info.Present() {
		return
	}
	set := 0
	for _, name := range []string{"gcpWrappedKeyInfo", "awsWrappedKeyInfo", "coordinatorKeyInfo"} {
		key := info.Get(name)
		if !key.Present() {
			continue
		}
		set++
		if name == "coordinatorKeyInfo" {
			j.add("encryption_info.coordinator_key_info", "INVALID_ARGUMENT", "Coordinator keys are not supported for events.")
			continue
		}
		required := []string{"keyType", "kekUri", "encryptedDek", "wipProvider"}
		if name == "awsWrappedKeyInfo" {
			required[3] = "roleArn"
		}
		for _, f := range required {
			if v := key.Get(f).Text; v == "" || v == "KEY_TYPE_UNSPECIFIED" {
				j.add("encryption_info."+snake(name)+"."+snake(f), "REQUIRED_FIELD_MISSING", "Required field not set.")
			}
		}
	}
	if set != 1 {
		j.add("encryption_info", "INVALID_ARGUMENT", "Exactly one wrapped key must be set.")
	}
	j.encrypted = true
}

// userData checks the identifiers of one event.
func (j *judge) userData(n jsontree.Node, path string) {
	if !n.Present() {
		return
	}
	if j.enc == "" {
		if !j.noEncoding {
			j.add("encoding", "REQUIRED_FIELD_MISSING", "The encoding is required when user data is present.")
		}
		j.noEncoding = true
	}
	list := n.Get("userIdentifiers").Items
	path += ".user_identifiers"
	if len(list) == 0 {
		j.add(path, "REQUIRED_FIELD_MISSING", "Required field not set.")
	}
	if len(list) > maxIdentifiers {
		j.add(path, "TOO_MANY_USER_IDENTIFIERS", "There are too many user identifiers.")
		return
	}
	for i, id := range list {
		j.identifier(id, fmt.Sprintf("%s[%d]", path, i))
	}
}

func (j *judge) identifier(n jsontree.Node, path string) {
	email, phone, address := n.Get("emailAddress"), n.Get("phoneNumber"), n.Get("address")
	set := 0
	for _, v := range []jsontree.Node{email, phone, address} {
		if v.Present() {
			set++
		}
	}
	if set != 1 {
		j.add(path, "REQUIRED_FIELD_MISSING", "Exactly one identifier must be set.")
		return
	}
	switch {
	case email.Present():
		j.hash(email.Text, path+".email_address")
	case phone.Present():
		j.hash(phone.Text, path+".phone_number")
	default:
		j.address(address, path+".address")
	}
}

func (j *judge) address(n jsontree.Node, path string) {
	for _, name := range []string{"givenName", "familyName", "regionCode", "postalCode"} {
		if n.Get(name).Text == "" {
			j.add(path+"."+snake(name), "REQUIRED_FIELD_MISSING", "Required field not set.")
			return
		}
	}
	j.hash(n.Get("givenName").Text, path+".given_name")
	j.hash(n.Get("familyName").Text, path+".family_name")
	if line := n.Get("addressLine"); line.Present() {
		j.hash(line.Text, path+".address_line")
	}
	region, postal := n.Get("regionCode").Text, n.Get("postalCode").Text
	if !regionForm.MatchString(region) {
		j.add(path+".region_code", "INVALID_REGION_CODE", "The region code must be two letters of ISO 3166-1.")
	}
	if strings.TrimSpace(postal) != postal || (region == "US" && !usPostal.MatchString(postal)) || len(postal) > 16 {
		j.add(path+".postal_code", "INVALID_POSTAL_CODE", "The postal code is not valid.")
	}
}

// hash checks a value that must be SHA-256 in the request's encoding.
func (j *judge) hash(s, path string) {
	if j.enc == "" {
		return // reported once, at encoding
	}
	var raw []byte
	var err error
	reason := "INVALID_HEX_ENCODING"
	if j.enc == "BASE64" {
		reason = "INVALID_BASE64_ENCODING"
		raw, err = base64.StdEncoding.Strict().DecodeString(s)
	} else {
		raw, err = hex.DecodeString(s)
	}
	switch {
	case err != nil || s == "" || strings.ContainsAny(s, "\r\n"):
		j.add(path, reason, "The value is not in the declared encoding.")
	case j.encrypted:
	case len(raw) != 32:
		j.add(path, "INVALID_SHA256_FORMAT", "The value is not a SHA-256 hash.")
	case hex.EncodeToString(raw) == emptyHash:
		j.add(path, "INVALID_SHA256_FORMAT", "The value is the hash of an empty string.")
	}
}

// sessionAttributes must be base64url without padding of a JSON object.
func (j *judge) sessionAttributes(s, path string) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	var n jsontree.Node
	if err == nil {
		n, err = jsontree.Parse(raw)
	}
	if err != nil || n.Kind != jsontree.Object {
		j.add(path, "INVALID_FORMAT", "The session attributes must be base64url of a JSON object.")
	}
}

func (j *judge) device(n jsontree.Node, path string) {
	ip := n.Get("ipAddress")
	if !ip.Present() {
		return
	}
	if a, err := netip.ParseAddr(ip.Text); err != nil || a.Zone() != "" {
		j.add(path+".ip_address", "INVALID_FORMAT", "The IP address is not valid.")
	}
}

// identified tells whether the event has anything to match it by.
func identified(e jsontree.Node) bool {
	ads := e.Get("adIdentifiers")
	for _, name := range []string{"gclid", "gbraid", "wbraid", "sessionAttributes", "dclid", "impressionId", "matchId", "mobileDeviceId", "ppid", "visitorPpid"} {
		if ads.Get(name).Text != "" {
			return true
		}
	}
	return len(ads.Get("encryptedUserIds").Items) > 0 ||
		len(e.Get("userData").Get("userIdentifiers").Items) > 0 ||
		len(e.Get("thirdPartyUserData").Get("userIdentifiers").Items) > 0 ||
		ads.Get("landingPageDeviceInfo").Get("ipAddress").Text != "" ||
		e.Get("eventDeviceInfo").Get("ipAddress").Text != ""
}
