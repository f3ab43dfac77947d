package fake

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

const (
	maxEvents        = 2000
	maxTransactionID = 64
	maxAgeAnalytics  = 72 * time.Hour
	maxFuture        = 5 * time.Minute
	// maxViolations bounds the answer to a request in which everything is wrong.
	maxViolations = 100
)

// judge checks one decoded request. All violations are collected, because the
// service names more than one.
type judge struct {
	cfg        *Config
	root       jsontree.Node
	now        time.Time
	enc        string
	encrypted  bool
	noEncoding bool
	dests      []destination
	events     []jsontree.Node
	current    int // 1-based index of the event being checked
	violations []violation
	warnings   []warning
}

func (j *judge) add(field, reason, description string) {
	if len(j.violations) < maxViolations {
		j.violations = append(j.violations, violation{Field: field, Reason: reason, Description: description, event: j.current})
	}
}

func (j *judge) warn(field, reason, description string) {
	if len(j.warnings) < maxViolations {
		j.warnings = append(j.warnings, warning{Field: field, Reason: "WARNING_REASON_" + reason, Description: description})
	}
}

// run checks everything; a refusal other than violations comes back at once.
func (j *judge) run(poison func(id string) bool) *Refusal {
	if v := decode(j.root, "IngestEventsRequest", ""); v != nil {
		v.event = eventIndex(v.Field)
		j.violations = []violation{*v}
		j.events = j.root.Get("events").Items
		return invalid(j.violations)
	}
	j.encoding()
	if r := j.destinations(); r != nil {
		return r
	}
	j.events = j.root.Get("events").Items
	switch {
	case len(j.events) == 0:
		j.add("events.events", "REQUIRED_FIELD_MISSING", "Required field not set.")
	case len(j.events) > maxEvents:
		j.add("events.events", "TOO_MANY_EVENTS", "There are too many events in the request.")
	default:
		for i, e := range j.events {
			j.current = i + 1
			j.event(e, fmt.Sprintf("events.events[%d]", i))
			if poison != nil && poison(identify(e)) {
				j.add(fmt.Sprintf("events.events[%d]", i), "INVALID_EVENT", "The event is not valid.")
			}
		}
		j.current = 0
	}
	if len(j.violations) > 0 {
		return invalid(j.violations)
	}
	return nil
}

var eventPath = regexp.MustCompile(`^events\.events\[([0-9]+)\]`)

// eventIndex reads the 1-based index out of a path of the decoder.
func eventIndex(path string) int {
	m := eventPath.FindStringSubmatch(path)
	if m == nil {
		return 0
	}
	n := 0
	for _, c := range m[1] {
		n = n*10 + int(c-'0')
	}
	return n + 1
}

func (j *judge) event(e jsontree.Node, path string) {
	targets := j.targets(e, path)
	j.times(e, path, targets)
	j.transaction(e, path, targets)
	j.source(e, path, targets)
	j.userData(e.Get("userData"), path+".user_data")
	j.thirdParty(e, path, targets)
	j.device(e.Get("eventDeviceInfo"), path+".event_device_info")
	ads := e.Get("adIdentifiers")
	j.device(ads.Get("landingPageDeviceInfo"), path+".ad_identifiers.landing_page_device_info")
	if s := ads.Get("sessionAttributes"); s.Present() {
		j.sessionAttributes(s.Text, path+".ad_identifiers.session_attributes")
	}
	if c := e.Get("currency"); c.Present() && !currency.Known(c.Text) {
		j.add(path+".currency", "INVALID_CURRENCY_CODE", "The currency must be an upper-case ISO 4217 code.")
	}
	j.identifiers(e, path, targets)
	j.cart(e, path)
	j.variables(e, path)
	j.location(e.Get("eventLocation"), path+".event_location")
	j.analytics(e, path, targets)
}

// targets are the destinations of the event.
func (j *judge) targets(e jsontree.Node, path string) []destination {
	refs := e.Get("destinationReferences").Items
	if len(refs) == 0 {
		return j.dests
	}
	var out []destination
	for i, ref := range refs {
		k := slices.IndexFunc(j.dests, func(d destination) bool { return d.reference != "" && d.reference == ref.Text })
		if k < 0 {
			j.add(fmt.Sprintf("%s.destination_references[%d]", path, i), "INVALID_DESTINATION", "No destination of the request has this reference.")
			continue
		}
		out = append(out, j.dests[k])
	}
	return out
}

func hasKind(targets []destination, kind string) bool {
	return slices.ContainsFunc(targets, func(d destination) bool { return d.kind == kind })
}

func hasAction(targets []destination, action string) bool {
	return slices.ContainsFunc(targets, func(d destination) bool { return d.kind == adsAccount && d.action == action })
}

func (j *judge) times(e jsontree.Node, path string, targets []destination) {
	n := e.Get("eventTimestamp")
	if n.Text == "" {
		j.add(path+".event_timestamp", "REQUIRED_FIELD_MISSING", "Required field not set.")
		return
	}
	at, _ := timestamp(n.Text) // the decoder has checked the form
	switch {
	case at.Unix() <= 0, at.After(j.now.Add(maxFuture)):
		j.add(path+".event_timestamp", "EVENT_TIME_INVALID", "The event time is not in the accepted range.")
	case hasKind(targets, gaProperty) && j.now.Sub(at) > maxAgeAnalytics:
		j.add(path+".event_timestamp", "EVENT_TIME_INVALID", "The event is more than 72 hours old.")
	}
}

var timeForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`)

func timestamp(s string) (time.Time, bool) {
	if !timeForm.MatchString(s) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

func (j *judge) transaction(e jsontree.Node, path string, targets []destination) {
	id := e.Get("transactionId").Text
	path += ".transaction_id"
	open := hasAction(targets, "") && e.Get("eventSource").Text == "WEB"
	purchase := hasKind(targets, gaProperty) && e.Get("eventName").Text == "purchase"
	switch {
	case id == "" && (hasAction(targets, Webpage) || open || purchase):
		j.add(path, "REQUIRED_FIELD_MISSING", "Required field not set.")
	case len([]rune(id)) > maxTransactionID:
		j.add(path, "FIELD_VALUE_TOO_LONG", "The transaction id may have at most 64 characters.")
	case strings.Contains(id, "@"):
		j.add(path, "INVALID_FORMAT", "The transaction id must not contain personal data.")
	}
}

func (j *judge) source(e jsontree.Node, path string, targets []destination) {
	source := e.Get("eventSource").Text
	path += ".event_source"
	if source == "EVENT_SOURCE_UNSPECIFIED" {
		source = ""
	}
	if source == "" && (hasAction(targets, "") || hasAction(targets, UploadClicks) || hasAction(targets, StoreSales)) {
		j.add(path, "REQUIRED_FIELD_MISSING", "Required field not set.")
		return
	}
	if source != "" && source != "WEB" && hasAction(targets, Webpage) {
		j.add(path, "EVENT_SOURCE_AND_DESTINATION_MISMATCH", "Events of this conversion action must have the source WEB.")
	}
	if source != "" && source != "IN_STORE" && hasAction(targets, StoreSales) {
		j.add(path, "EVENT_SOURCE_AND_DESTINATION_MISMATCH", "Store sales must have the source IN_STORE.")
	}
}

func (j *judge) thirdParty(e jsontree.Node, path string, targets []destination) {
	n := e.Get("thirdPartyUserData")
	if !n.Present() {
		return
	}
	path += ".third_party_user_data"
	if slices.ContainsFunc(targets, func(d destination) bool { return !d.partner }) {
		j.add(path, "THIRD_PARTY_USER_DATA_NOT_ALLOWED", "Only data partners may send third-party user data.")
	}
	j.userData(n, path)
}

func (j *judge) identifiers(e jsontree.Node, path string, targets []destination) {
	if hasKind(targets, gaProperty) && !hasKind(targets, adsAccount) {
		return // client id or app instance id, checked by analytics
	}
	store := hasAction(targets, StoreSales) && e.Get("eventLocation").Get("storeId").Text != ""
	if !identified(e) && !store {
		j.add(path, "NO_IDENTIFIERS_PROVIDED", "The event has no ad identifiers and no user data.")
	}
}

func (j *judge) cart(e jsontree.Node, path string) {
	cart := e.Get("cartData")
	if !cart.Present() {
		return
	}
	path += ".cart_data"
	items := cart.Get("items").Items
	if len(items) == 0 {
		j.add(path+".items", "REQUIRED_FIELD_MISSING", "Required field not set.")
	}
	ads := e.Get("adIdentifiers")
	if ads.Get("gbraid").Text != "" || ads.Get("wbraid").Text != "" {
		j.warn(path, "CART_DATA_NOT_SUPPORTED_WITH_GBRAID_OR_WBRAID", "Cart data is ignored with this click id.")
	}
	if id := cart.Get("merchantId").Text; id != "" && !propertyID.MatchString(id) {
		j.warn(path+".merchant_id", "INVALID_MERCHANT_ID", "The merchant id is not a number.")
	}
	for i, item := range items {
		p := fmt.Sprintf("%s.items[%d]", path, i)
		if item.Get("merchantProductId").Text == "" && item.Get("itemId").Text == "" {
			j.warn(p+".merchant_product_id", "CART_DATA_ITEM_MERCHANT_PRODUCT_ID_MISSING", "The item has no product id.")
		}
		if !item.Get("unitPrice").Present() {
			j.warn(p+".unit_price", "CART_DATA_ITEM_UNIT_PRICE_MISSING", "The item has no unit price.")
		}
		if q := item.Get("quantity"); q.Present() && strings.HasPrefix(q.Text, "-") {
			j.add(p+".quantity", "INVALID_NUMBER_FORMAT", "The quantity must not be negative.")
		}
		for k, a := range item.Get("additionalItemParameters").Items {
			j.pair(a, "parameterName", fmt.Sprintf("%s.additional_item_parameters[%d]", p, k))
		}
	}
}

// pair checks a name with a value, both required.
func (j *judge) pair(n jsontree.Node, name, path string) {
	for _, f := range []string{name, "value"} {
		if n.Get(f).Text == "" {
			j.add(path+"."+snake(f), "REQUIRED_FIELD_MISSING", "Required field not set.")
		}
	}
}

var (
	emailForm = regexp.MustCompile(`[^\s@]+@[^\s@]+\.[^\s@]+`)
	phoneForm = regexp.MustCompile(`^\+[0-9][0-9 ().-]{6,18}$`)
)

func (j *judge) variables(e jsontree.Node, path string) {
	for i, v := range e.Get("customVariables").Items {
		p := fmt.Sprintf("%s.custom_variables[%d]", path, i)
		j.variable(v, p)
	}
	for i, item := range e.Get("cartData").Get("items").Items {
		for k, v := range item.Get("customVariables").Items {
			j.variable(v, fmt.Sprintf("%s.cart_data.items[%d].custom_variables[%d]", path, i, k))
		}
	}
	props := e.Get("userProperties").Get("additionalUserProperties").Items
	for i, v := range props {
		j.pair(v, "propertyName", fmt.Sprintf("%s.user_properties.additional_user_properties[%d]", path, i))
	}
}

func (j *judge) variable(v jsontree.Node, path string) {
	value, name := v.Get("value").Text, v.Get("variable").Text
	if emailForm.MatchString(value) || phoneForm.MatchString(value) {
		j.add(path+".value", "CUSTOM_VARIABLE_VALUE_CONTAINS_PII", "The value contains personal data.")
	}
	if j.cfg.CustomVariables != nil && !contains(j.cfg.CustomVariables, name) {
		j.warn(path+".variable", "CUSTOM_VARIABLE_NOT_PREDEFINED", "The custom variable is not defined and is ignored.")
	}
}

var locationForms = []struct {
	field, reason string
	form          *regexp.Regexp
}{
	{"subdivisionCode", "INVALID_SUBDIVISION_CODE", regexp.MustCompile(`^[A-Z]{2}-[A-Z0-9]{1,3}$`)},
	{"regionCode", "INVALID_REGION_CODE", regionForm},
	{"subcontinentCode", "INVALID_SUBCONTINENT_CODE", regexp.MustCompile(`^[0-9]{3}$`)},
	{"continentCode", "INVALID_CONTINENT_CODE", regexp.MustCompile(`^[0-9]{3}$`)},
}

func (j *judge) location(n jsontree.Node, path string) {
	for _, f := range locationForms {
		if v := n.Get(f.field).Text; v != "" && !f.form.MatchString(v) {
			j.warn(path+"."+snake(f.field), f.reason, "The code is not valid and is ignored.")
		}
	}
}

var (
	eventNameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)
	clientIDForm  = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
)

var reservedNames = []string{"session_start", "first_visit", "first_open", "user_engagement"}

// analytics are the rules of events for a Google Analytics property.
func (j *judge) analytics(e jsontree.Node, path string, targets []destination) {
	n := 0
	for _, d := range targets {
		if d.kind == gaProperty {
			n++
		}
	}
	if n == 0 {
		return
	}
	if n > 1 {
		j.add(path+".destination_references", "MULTIPLE_DESTINATIONS_FOR_GOOGLE_ANALYTICS_EVENT", "An event may have only one Google Analytics destination.")
	}
	name, client, app := e.Get("eventName").Text, e.Get("clientId").Text, e.Get("appInstanceId").Text
	switch {
	case name == "":
		j.add(path+".event_name", "REQUIRED_FIELD_MISSING", "Required field not set.")
	case slices.Contains(reservedNames, name), strings.HasPrefix(name, "_"), strings.HasPrefix(name, "firebase_"), strings.HasPrefix(name, "ga_"), strings.HasPrefix(name, "google_"), strings.HasPrefix(name, "gtag."):
		j.add(path+".event_name", "RESERVED_NAME_USED", "The event name is reserved.")
	case !eventNameForm.MatchString(name):
		j.add(path+".event_name", "INVALID_EVENT_NAME", "The event name is not valid.")
	}
	switch {
	case client != "" && app != "":
		j.add(path+".client_id", "BOTH_CLIENT_ID_AND_APP_INSTANCE_ID_NOT_ALLOWED", "Only one of client id and app instance id may be set.")
	case client == "" && app == "":
		j.add(path+".client_id", "REQUIRED_FIELD_MISSING", "A client id or an app instance id is required.")
	case client != "" && !clientIDForm.MatchString(client):
		j.warn(path+".client_id", "INVALID_CLIENT_ID", "The client id does not have the form of the browser's.")
	}
	for i, p := range e.Get("additionalEventParameters").Items {
		j.pair(p, "parameterName", fmt.Sprintf("%s.additional_event_parameters[%d]", path, i))
	}
}
