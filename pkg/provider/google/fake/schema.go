package fake

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// The request's message tree as the discovery document has it. A field is
// "name:type"; type is string, bool, double, int32, int64 (a JSON string),
// time (RFC 3339), an enumeration (lower case) or a message (upper case);
// "[]" before the type makes it a list.
var messages = compile(map[string]string{
	"IngestEventsRequest": "consent:Consent destinations:[]Destination encoding:encoding encryptionInfo:EncryptionInfo events:[]Event validateOnly:bool",
	"Consent":             "adPersonalization:consent adUserData:consent",
	"Destination":         "linkedAccount:ProductAccount loginAccount:ProductAccount operatingAccount:ProductAccount productDestinationId:string reference:string",
	"ProductAccount":      "accountId:string accountType:accountType product:product",
	"EncryptionInfo":      "awsWrappedKeyInfo:AwsWrappedKeyInfo coordinatorKeyInfo:CoordinatorKeyInfo gcpWrappedKeyInfo:GcpWrappedKeyInfo",
	"AwsWrappedKeyInfo":   "encryptedDek:string kekUri:string keyType:keyType roleArn:string",
	"CoordinatorKeyInfo":  "keyId:string",
	"GcpWrappedKeyInfo":   "encryptedDek:string kekUri:string keyType:keyType wipProvider:string",
	"Event": "adIdentifiers:AdIdentifiers additionalEventParameters:[]EventParameter appInstanceId:string cartData:CartData clientId:string " +
		"consent:Consent conversionCount:double conversionValue:double currency:string customVariables:[]CustomVariable destinationReferences:[]string " +
		"eventDeviceInfo:DeviceInfo eventLocation:EventLocation eventName:string eventSource:eventSource eventTimestamp:time " +
		"experimentalFields:[]ExperimentalField lastUpdatedTimestamp:time thirdPartyUserData:UserData transactionId:string userData:UserData userId:string userProperties:UserProperties",
	"AdIdentifiers": "dclid:string encryptedUserIds:[]EncryptedUserId gbraid:string gclid:string impressionId:string landingPageDeviceInfo:DeviceInfo " +
		"matchId:string mobileDeviceId:string ppid:string sessionAttributes:string visitorPpid:string wbraid:string",
	"EncryptedUserId": "encryptedId:string entityId:int64 entityType:entityType source:encryptionSource",
	"DeviceInfo": "brand:string browser:string browserVersion:string category:string ipAddress:string languageCode:string model:string " +
		"operatingSystem:string operatingSystemVersion:string screenHeight:int32 screenWidth:int32 userAgent:string",
	"EventParameter": "parameterName:string value:string",
	"CartData":       "couponCodes:[]string items:[]Item merchantFeedLabel:string merchantFeedLanguageCode:string merchantId:string transactionDiscount:double",
	"Item": "additionalItemParameters:[]ItemParameter conversionValue:double customVariables:[]ItemCustomVariable itemId:string merchantFeedLabel:string " +
		"merchantFeedLanguageCode:string merchantId:string merchantProductId:string quantity:int64 unitPrice:double",
	"ItemParameter":      "parameterName:string value:string",
	"ItemCustomVariable": "destinationReferences:[]string value:string variable:string",
	"CustomVariable":     "destinationReferences:[]string value:string variable:string",
	"EventLocation":      "city:string continentCode:string regionCode:string storeId:string subcontinentCode:string subdivisionCode:string",
	"ExperimentalField":  "field:string value:string",
	"UserData":           "userIdentifiers:[]UserIdentifier",
	"UserIdentifier":     "address:AddressInfo emailAddress:string phoneNumber:string",
	"AddressInfo":        "addressLine:string administrativeArea:string city:string familyName:string givenName:string postalCode:string regionCode:string",
	"UserProperties":     "additionalUserProperties:[]UserProperty customerType:customerType customerValueBucket:valueBucket",
	"UserProperty":       "propertyName:string value:string",
})

var enums = map[string]string{
	"encoding": "ENCODING_UNSPECIFIED HEX BASE64",
	"consent":  "CONSENT_STATUS_UNSPECIFIED CONSENT_GRANTED CONSENT_DENIED",
	"accountType": "ACCOUNT_TYPE_UNSPECIFIED GOOGLE_ADS DISPLAY_VIDEO_PARTNER DISPLAY_VIDEO_ADVERTISER DATA_PARTNER " +
		"GOOGLE_ANALYTICS_PROPERTY GOOGLE_AD_MANAGER_AUDIENCE_LINK FLOODLIGHT_CONFIG GOOGLE_AD_MANAGER",
	"product":     "PRODUCT_UNSPECIFIED GOOGLE_ADS DISPLAY_VIDEO_PARTNER DISPLAY_VIDEO_ADVERTISER DATA_PARTNER",
	"keyType":     "KEY_TYPE_UNSPECIFIED XCHACHA20_POLY1305",
	"eventSource": "EVENT_SOURCE_UNSPECIFIED WEB APP IN_STORE PHONE MESSAGE OTHER",
	"entityType": "ENCRYPTION_ENTITY_TYPE_UNSPECIFIED CAMPAIGN_MANAGER_ACCOUNT CAMPAIGN_MANAGER_ADVERTISER DISPLAY_VIDEO_PARTNER " +
		"DISPLAY_VIDEO_ADVERTISER GOOGLE_ADS_CUSTOMER GOOGLE_AD_MANAGER_NETWORK_CODE",
	"encryptionSource": "ENCRYPTION_SOURCE_UNSPECIFIED AD_SERVING DATA_TRANSFER",
	"customerType":     "CUSTOMER_TYPE_UNSPECIFIED NEW RETURNING REENGAGED",
	"valueBucket":      "CUSTOMER_VALUE_BUCKET_UNSPECIFIED LOW MEDIUM HIGH",
}

type fieldType struct {
	kind string
	list bool
}

func compile(src map[string]string) map[string]map[string]fieldType {
	out := make(map[string]map[string]fieldType, len(src))
	for message, spec := range src {
		fields := map[string]fieldType{}
		for _, f := range strings.Fields(spec) {
			name, kind, _ := strings.Cut(f, ":")
			kind, list := strings.CutPrefix(kind, "[]")
			fields[name] = fieldType{kind: kind, list: list}
		}
		out[message] = fields
	}
	return out
}

// decode checks the shape of the whole request against the tree. The first
// deviation ends it, as it does in a protobuf JSON reader.
func decode(n jsontree.Node, message, path string) *violation {
	if n.Kind != jsontree.Object {
		return badValue(path, message)
	}
	for _, m := range n.Members {
		f, known := messages[message][m.Name]
		if !known {
			return unknownField(m.Name, path)
		}
		p := join(path, snake(m.Name))
		if m.Value.Kind == jsontree.Null {
			continue // null is an unset field
		}
		if !f.list {
			if v := decodeValue(m.Value, f.kind, p); v != nil {
				return v
			}
			continue
		}
		if m.Value.Kind != jsontree.Array {
			return badValue(p, "a list")
		}
		for i, item := range m.Value.Items {
			if v := decodeValue(item, f.kind, fmt.Sprintf("%s[%d]", p, i)); v != nil {
				return v
			}
		}
	}
	return nil
}

func decodeValue(n jsontree.Node, kind, path string) *violation {
	ok := false
	switch kind {
	case "string":
		ok = n.Kind == jsontree.String
	case "bool":
		ok = n.Kind == jsontree.Bool
	case "double":
		_, ok = n.Float()
	case "int32":
		v, isInt := n.Int()
		ok = isInt && v == int64(int32(v))
	case "int64":
		_, err := strconv.ParseInt(n.Text, 10, 64)
		ok = n.Kind == jsontree.String && err == nil
	case "time":
		_, valid := timestamp(n.Text)
		ok = n.Kind == jsontree.String && valid
	default:
		names, isEnum := enums[kind]
		if !isEnum {
			return decode(n, kind, path)
		}
		ok = n.Kind == jsontree.String && n.Text != "" && !strings.Contains(n.Text, " ") &&
			strings.Contains(" "+names+" ", " "+n.Text+" ")
	}
	if !ok {
		return badValue(path, kind)
	}
	return nil
}

func unknownField(name, path string) *violation {
	if len(name) > 64 {
		name = name[:64]
	}
	at := ""
	if path != "" {
		at = fmt.Sprintf(" at '%s'", strings.TrimPrefix(path, "events."))
	}
	return &violation{
		Field: path, decode: true,
		Description: fmt.Sprintf("Invalid JSON payload received. Unknown name %q%s: Cannot find field.", name, at),
	}
}

// badValue never repeats the value, because it may be personal data.
func badValue(path, kind string) *violation {
	return &violation{
		Field: path, decode: true,
		Description: fmt.Sprintf("Invalid value at '%s' (%s)", strings.TrimPrefix(path, "events."), kind),
	}
}

// join makes paths as the service writes them: the list of events is called
// events.events.
func join(path, name string) string {
	switch {
	case path == "" && name == "events":
		return "events.events"
	case path == "":
		return name
	}
	return path + "." + name
}

// snake turns a JSON name into the proto's name.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
