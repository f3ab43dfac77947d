package google

import (
	"regexp"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Types of accounts, as requests name them.
const (
	typeAds       = "GOOGLE_ADS"
	typeAnalytics = "GOOGLE_ANALYTICS_PROPERTY"
)

// account is what CompileDestination makes of a destination.
type account struct {
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

var (
	streamForm  = regexp.MustCompile(`^G-[A-Z0-9]{4,20}$`)
	appForm     = regexp.MustCompile(`^[0-9]+:[0-9]+:(android|ios|web):[0-9a-f]+$`)
	projectForm = regexp.MustCompile(`^[a-z][a-z0-9.:-]{4,62}$|^[0-9]{6,20}$`)
	labelForm   = regexp.MustCompile(`^[A-Z0-9_-]{1,20}$`)
	langForm    = regexp.MustCompile(`^[a-z]{2}$`)
)

// CompileDestination reads spec.account and spec.google. An account is either
// a Google Ads customer (customer_id, login_customer_id, conversion_actions) or
// a Google Analytics property (property_id with measurement_id or
// firebase_app_id).
func (p *Provider) CompileDestination(d *resource.Destination) (any, string, []resource.Problem) {
	var problems []resource.Problem
	a := &account{contextual: d.ContextualOnly, phoneCountry: d.Defaults.PhoneCountry, currency: d.Defaults.Currency}
	a.minClickAge = d.Delivery.MinClickAgeMS
	if a.minClickAge < 0 {
		a.minClickAge = defaultClickAge
	}
	s := readSection(d.Account, "spec.account", &problems)
	var fingerprint string
	if s.has("property_id") || s.has("measurement_id") || s.has("firebase_app_id") {
		fingerprint = a.readAnalytics(s)
	} else {
		fingerprint = a.readAds(s)
	}
	a.readSettings(readSection(d.Section, "spec.google", &problems))
	if len(problems) > 0 {
		return nil, "", problems
	}
	return a, fingerprint, nil
}

const customerRule = "must be a customer id of 10 digits"

func (a *account) readAds(s *section) string {
	a.kind = typeAds
	known := len(*s.report)
	a.operating = s.id("customer_id", customerRule, 10, "copy the customer id of the account that owns the conversion actions")
	if a.operating == "" && len(*s.report) == known {
		s.problem("customer_id", "is required", "", "set the customer id of the account that owns the conversion actions")
	}
	a.login = s.id("login_customer_id", customerRule, 10, "copy the customer id of the manager account")
	if a.login == a.operating {
		a.login = ""
	}
	list := s.child("conversion_actions")
	a.actions = make(map[string]action, len(list.members))
	for _, event := range list.keys() {
		if act, ok := readAction(list, event); ok {
			a.actions[event] = act
		}
	}
	s.done()
	return typeAds + ":" + a.operating
}

func (a *account) readAnalytics(s *section) string {
	a.kind = typeAnalytics
	known := len(*s.report)
	a.operating = s.id("property_id", "must be the number of a Google Analytics property", 0, "copy it from Admin, Property details")
	if a.operating == "" && len(*s.report) == known {
		s.problem("property_id", "is required", "", "copy it from Admin, Property details")
	}
	web, app := s.text("measurement_id"), s.text("firebase_app_id")
	switch {
	case web != "" && app != "":
		s.problem("firebase_app_id", "cannot stand beside measurement_id", "", "make a destination for each data stream")
	case web == "" && app == "":
		s.problem("measurement_id", "or firebase_app_id is required", "", "copy it from Admin, Data streams")
	case web != "" && !streamForm.MatchString(web):
		s.problem("measurement_id", "must look like G-XXXXXXXXXX", web, "copy it from Admin, Data streams")
	case app != "" && !appForm.MatchString(app):
		s.problem("firebase_app_id", "must look like 1:1234567890:android:abcdef", app, "copy it from the Firebase console")
	}
	a.stream, a.app = web+app, app != ""
	s.done()
	return typeAnalytics + ":" + a.operating + ":" + a.stream
}

// readAction reads an id or {id, type}.
func readAction(s *section, key string) (action, bool) {
	raw, ok := s.get(key)
	if !ok {
		s.problem(key, "must be a conversion action", "", actionFix)
		return action{}, false
	}
	from, at := s, key
	var act action
	if raw[0] == '{' {
		from, at = readSection(raw, s.path+"."+key, s.report), "id"
		for i, name := range kindNames {
			if from.word("type", kindNames[:]...) == name {
				act.kind = actionKind(i)
			}
		}
	}
	known := len(*s.report)
	act.id = from.id(at, "must be the number of a conversion action", 0, actionFix)
	if from != s {
		from.done()
	}
	if act.id == "" && len(*s.report) == known {
		from.problem(at, "is required", "", actionFix)
	}
	return act, act.id != ""
}

const actionFix = "copy the number after ctId= in the address of the conversion action in Google Ads"

// readSettings reads spec.google.
func (a *account) readSettings(s *section) {
	a.quotaProject = s.text("quota_project")
	if a.quotaProject != "" && !projectForm.MatchString(a.quotaProject) {
		s.problem("quota_project", "must be the id of a Cloud project", a.quotaProject, "copy the project id from the Cloud console")
	}
	a.silentGranted = s.word("silent_consent", "unset", "granted") == "granted"
	m := s.child("merchant")
	a.merchant.id = m.id("id", "must be the number of a Merchant Center account", 0, "copy it from Merchant Center")
	a.merchant.feedLabel = m.text("feed_label")
	if a.merchant.feedLabel != "" && !labelForm.MatchString(a.merchant.feedLabel) {
		m.problem("feed_label", "must be at most 20 capital letters, digits, - and _", a.merchant.feedLabel, "copy it from the feed in Merchant Center")
	}
	a.merchant.language = m.text("language")
	if a.merchant.language != "" && !langForm.MatchString(a.merchant.language) {
		m.problem("language", "must be a two-letter language code", a.merchant.language, "use a code such as de")
	}
	m.done()
	s.done()
}

// accountOf gives a destination's compiled account; nil where it is invalid.
func accountOf(compiled any) *account {
	a, _ := compiled.(*account)
	return a
}

// QuotaProject is the Cloud project whose quota a destination's requests use
// besides that of its credentials, empty where the destination names none.
func QuotaProject(t *provider.Target) string {
	if a := accountOf(t.Compiled); a != nil {
		return a.quotaProject
	}
	return ""
}
