package google

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Types of accounts, as requests name them.
const (
	typeAds       = "GOOGLE_ADS"
	typeAnalytics = "GOOGLE_ANALYTICS_PROPERTY"
)

// account is what Open makes of a destination.
type account struct {
	fingerprint string
	now         func() int64 // nil where the provider has no clock

	kind string // typeAds or typeAnalytics
	// operating owns the conversion action; login is the manager whose access
	// is used, empty for direct access.
	operating, login string
	// actions are the conversion actions by provider event (Ads).
	actions map[string]action
	// stream is the measurement id or Firebase app id (Analytics).
	stream string
	app    bool // stream is an app's

	quotaProject  string
	silentGranted bool
	merchant      merchant
	contextual    bool
	currency      string
	phoneCountry  string
	minClickAge   int64 // ms
}

func (a *account) analytics() bool { return a.kind == typeAnalytics }

// action is one conversion action.
type action struct {
	id   string
	kind actionKind
}

// merchant is the Merchant Center account whose product ids the cart uses.
type merchant struct{ id, feedLabel, language string }

// actionKind says by which rules events of an action are sent.
type actionKind uint8

// The kinds. Auto takes web events by the online rules and all others by the
// offline rules.
const (
	kindAuto    actionKind = iota
	kindOnline             // WEBPAGE: an additional source beside the tag
	kindOffline            // UPLOAD_CLICKS
	kindStore              // STORE_SALES, which Google opens to few accounts
)

var kindNames = [...]string{"auto", "online", "offline", "store"}

// defaultClickAge is how old a click has to be before an offline conversion
// for it is accepted.
const defaultClickAge = 6 * 3600_000

// adsAccount is spec.account of a Google Ads customer.
type adsAccount struct {
	CustomerID        string                    `yaml:"customer_id" kind:"digits" required:"true" rule:"customer" doc:"The account that owns the conversion actions, ten digits without hyphens."`
	LoginCustomerID   string                    `yaml:"login_customer_id" kind:"digits" rule:"customer" doc:"The manager account whose access is used. Absent: direct access."`
	ConversionActions map[string]*document.Node `yaml:"conversion_actions" kind:"any" doc:"Conversion actions by provider event: the number, or a map of id and type."`
}

// analyticsAccount is spec.account of a Google Analytics property.
type analyticsAccount struct {
	PropertyID    string `yaml:"property_id" kind:"digits" required:"true" rule:"number" doc:"Number of the Google Analytics property."`
	MeasurementID string `yaml:"measurement_id" rule:"stream" doc:"The web data stream, G-XXXXXXXXXX."`
	FirebaseAppID string `yaml:"firebase_app_id" rule:"app" doc:"The app's data stream, instead of measurement_id."`
}

// section is spec.google.
type section struct {
	QuotaProject  string          `yaml:"quota_project" kind:"digits" rule:"project" doc:"Cloud project whose quota is used besides that of the credentials."`
	SilentConsent string          `yaml:"silent_consent" enum:",unset,granted" doc:"What is sent where the user said nothing and the regime allows it."`
	Merchant      merchantSection `yaml:"merchant" doc:"Merchant Center account whose product ids the cart uses."`
}

type merchantSection struct {
	ID        string `yaml:"id" kind:"digits" rule:"number" doc:"Number of the Merchant Center account."`
	FeedLabel string `yaml:"feed_label" rule:"label" doc:"Label of the feed."`
	Language  string `yaml:"language" rule:"language" doc:"Language of the feed, two letters."`
}

// mappingSection is a mapping's section of Google's.
type mappingSection struct {
	ConversionAction *document.Node `yaml:"conversion_action" kind:"any" doc:"The conversion action: its number, or a map of id and type. Absent: the destination's for the provider event."`
	Adjust           bool           `yaml:"adjust" doc:"Restate the value of a conversion that was sent before."`
}

// actionKeys is a conversion action written as a map.
type actionKeys struct {
	ID   string `yaml:"id" kind:"digits" required:"true" rule:"number" doc:"Number of the conversion action."`
	Type string `yaml:"type" enum:"@types" doc:"By which rules its events are sent."`
}

var (
	adsSchema       = document.Declare(adsAccount{}, options)
	analyticsSchema = document.Declare(analyticsAccount{}, options)
	sectionSchema   = document.Declare(section{SilentConsent: "unset"}, options)
	mappingSchema   = document.Declare(mappingSection{}, options)
	actionSchema    = document.Declare(actionKeys{Type: kindNames[0]}, options)
)

var (
	customerForm = regexp.MustCompile(`^[1-9][0-9]{9}$`)
	numberForm   = regexp.MustCompile(`^[1-9][0-9]*$`)
	projectForm  = regexp.MustCompile(`^[a-z][a-z0-9.:-]{4,62}$|^[0-9]{6,20}$`)
)

var options = document.Options{
	Words: map[string][]string{"types": kindNames[:]},
	Rules: map[string]document.Rule{
		"customer": numbered("must be a customer id of 10 digits", "copy the customer id from Google Ads", customerForm),
		"number":   numbered("must be a number that Google assigned", "copy it from Google Ads (after ctId= in the address of a conversion action), Google Analytics (Admin) or Merchant Center", numberForm),
		"stream":   {Must: "must look like G-XXXXXXXXXX", Fix: "copy it from Admin, Data streams", Form: regexp.MustCompile(`^G-[A-Z0-9]{4,20}$`)},
		"app": {
			Must: "must look like 1:1234567890:android:abcdef", Fix: "copy it from the Firebase console",
			Form: regexp.MustCompile(`^[0-9]+:[0-9]+:(android|ios|web):[0-9a-f]+$`),
		},
		"project": {
			Must: "must be the id of a Cloud project", Fix: "copy the project id from the Cloud console",
			Form: projectForm,
		},
		"label":    {Must: "must be at most 20 capital letters, digits, - and _", Fix: "copy it from the feed in Merchant Center", Form: regexp.MustCompile(`^[A-Z0-9_-]{1,20}$`)},
		"language": {Must: "must be a two-letter language code", Fix: "use a code such as de", Form: regexp.MustCompile(`^[a-z]{2}$`)},
	},
}

// numbered is the rule of a number that Google shows with hyphens.
func numbered(must, fix string, form *regexp.Regexp) document.Rule {
	return document.Rule{Must: must, Fix: fix, Form: form, Mend: func(_, value string) string {
		if bare := strings.NewReplacer("-", "", " ", "").Replace(value); bare != value && isDigits(bare) {
			return "write " + bare
		}
		return fix
	}}
}

// Open reads spec.account and spec.google. An account is either
// a Google Ads customer or a Google Analytics property.
func (p *Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := &provider.Findings{}
	a := &account{now: p.now, contextual: d.ContextualOnly, phoneCountry: d.Defaults.PhoneCountry, currency: d.Defaults.Currency}
	a.minClickAge = d.Delivery.MinClickAgeMS
	if a.minClickAge < 0 {
		a.minClickAge = defaultClickAge
	}
	if keys := document.FromJSON(d.Account); keys.Has("property_id") || keys.Has("measurement_id") || keys.Has("firebase_app_id") {
		a.fingerprint = a.readAnalytics(found, d.Account)
	} else {
		a.fingerprint = a.readAds(found, d.Account)
	}
	var s section
	found.Read(sectionSchema, d.Section, "spec.google", &s)
	a.quotaProject, a.silentGranted = s.QuotaProject, s.SilentConsent == "granted"
	a.merchant = merchant{s.Merchant.ID, s.Merchant.FeedLabel, s.Merchant.Language}
	if len(found.List) > 0 {
		return nil, found.List
	}
	return a, nil
}

func (a *account) readAds(found *provider.Findings, raw json.RawMessage) string {
	var keys adsAccount
	found.Read(adsSchema, raw, "spec.account", &keys)
	a.kind, a.operating = typeAds, keys.CustomerID
	if keys.LoginCustomerID != keys.CustomerID {
		a.login = keys.LoginCustomerID
	}
	a.actions = make(map[string]action, len(keys.ConversionActions))
	for _, event := range slices.Sorted(maps.Keys(keys.ConversionActions)) {
		if act, ok := readAction(found, keys.ConversionActions[event], document.ChildPath("spec.account.conversion_actions", event)); ok {
			a.actions[event] = act
		}
	}
	return typeAds + ":" + a.operating
}

func (a *account) readAnalytics(found *provider.Findings, raw json.RawMessage) string {
	var keys analyticsAccount
	found.Read(analyticsSchema, raw, "spec.account", &keys)
	switch web, app := keys.MeasurementID, keys.FirebaseAppID; {
	case web != "" && app != "":
		found.Add("spec.account.firebase_app_id", "cannot stand beside measurement_id", "", "make a destination for each data stream")
	case web == "" && app == "":
		found.Add("spec.account.measurement_id", "or firebase_app_id is required", "", "copy it from Admin, Data streams")
	}
	a.kind, a.operating = typeAnalytics, keys.PropertyID
	a.stream, a.app = keys.MeasurementID+keys.FirebaseAppID, keys.FirebaseAppID != ""
	return typeAnalytics + ":" + a.operating + ":" + a.stream
}

// readAction reads a number or a map of id and type.
func readAction(found *provider.Findings, n *document.Node, path string) (action, bool) {
	keys, before := actionKeys{Type: kindNames[0]}, len(found.List)
	report := func(p document.Problem) {
		if n.Shape != document.Map {
			p.Path = path // the number itself, not a key below it
		}
		found.Report(p)
	}
	m := n
	if n.Shape != document.Map {
		m = document.NewMap().Put("id", n)
	}
	actionSchema.Decode(m, path, &keys, document.Decoding{Report: report})
	actionSchema.Check(&keys, path, report)
	if len(found.List) > before {
		return action{}, false
	}
	return action{keys.ID, actionKind(slices.Index(kindNames[:], keys.Type))}, true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Fingerprint implements resource.Account.
func (a *account) Fingerprint() string { return a.fingerprint }

// Quota implements provider.Quotas: it is the Cloud project whose quota the
// requests use besides that of the credentials.
func (a *account) Quota() string { return a.quotaProject }
