package ga4

import (
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// accountKeys is spec.account.
type accountKeys struct {
	MeasurementID string `yaml:"measurement_id" rule:"stream" doc:"Measurement id of a web data stream, such as G-ABCD12345."`
	FirebaseAppID string `yaml:"firebase_app_id" rule:"app" doc:"App id of an app's data stream, instead of measurement_id."`
}

// The words of section.UserID and section.Region.
const fromExternalID, inEU = "external_id", "eu"

// section is spec.ga4.
type section struct {
	Region     string `yaml:"region" enum:",eu" doc:"eu: events go to region1.google-analytics.com, which collects in the European Union. Absent: worldwide."`
	UserID     string `yaml:"user_id" enum:",external_id" doc:"external_id: where an event has no analytics.user_id, its first external id is the user id, in clear. Google forbids ids from which it could tell a person. Absent: analytics.user_id alone."`
	UserData   bool   `yaml:"user_data" doc:"Send user_data: hashed e-mail addresses, telephone numbers and addresses. The property needs its setting user-provided data (developers.google.com/analytics/devguides/collection/ga4/uid-data)."`
	IPOverride bool   `yaml:"ip_override" doc:"Send the IP address as ip_override, from which Google takes the place instead of from its own records."`
	UserAgent  bool   `yaml:"user_agent" doc:"Send the user agent, from which Google takes browser and device."`
	DebugMode  bool   `yaml:"debug_mode" doc:"Send debug_mode with every event, which shows it in DebugView. It is stored and counted all the same."`
}

// mappingKeys is a mapping's section.
type mappingKeys struct {
	UserProperties []string `yaml:"user_properties" doc:"Properties of the event that leave as user properties instead of as parameters: names of up to 24 characters."`
}

var (
	accountSchema = document.Declare(accountKeys{}, options)
	sectionSchema = document.Declare(section{}, options)
	mappingSchema = document.Declare(mappingKeys{}, options)

	options = document.Options{Rules: map[string]document.Rule{
		"stream": {Must: "must look like G-ABCD12345", Fix: "copy it from Admin, Data streams", Form: regexp.MustCompile(`^G-[A-Z0-9]{4,20}$`)},
		"app": {
			Must: "must look like 1:1234567890:android:abcdef", Fix: "copy it from the Firebase console",
			Form: regexp.MustCompile(`^[0-9]+:[0-9]+:(android|ios)(:[0-9a-f]+)$`),
		},
	}}
)

// account is a compiled account and section.
type account struct {
	section
	stream       string
	app          bool // stream is an app's
	phoneCountry string
	browserTag   *bool
}

// Open implements resource.Provider.
func (Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := provider.Findings{Resource: "Destination/" + d.ID}
	var k accountKeys
	found.Read(accountSchema, d.Account, "spec.account", &k)
	switch web, app := k.MeasurementID, k.FirebaseAppID; {
	case web != "" && app != "":
		found.Add("spec.account.firebase_app_id", "cannot stand beside measurement_id", "", "make a destination for each data stream")
	case web == "" && app == "":
		found.Add("spec.account.measurement_id", "or firebase_app_id is required", "", "copy it from Admin, Data streams")
	}
	a := &account{stream: k.MeasurementID + k.FirebaseAppID, app: k.FirebaseAppID != "", browserTag: d.BrowserTag}
	found.Read(sectionSchema, d.Section, "spec.ga4", &a.section)
	a.phoneCountry = found.Defaults(d.Defaults)
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return a, found.List
}

// Fingerprint implements resource.Account: the data stream.
func (a *account) Fingerprint() string { return Name + ":" + a.stream }

// Bounds implements resource.Bounded.
func (a *account) Bounds() resource.Bounds {
	return resource.Bounds{MaxWaitMS: maxAge, Numbers: []string{"value", "tax", "shipping"}, Texts: []string{"currency"}}
}

// address is where the account's requests go: an installation's own address, such as
// a sandbox's, stays what it is.
func (a *account) address(at *provider.Endpoint) string {
	base := strings.TrimSuffix(at.BaseURL, "/")
	if base == baseURL && a.Region == inEU {
		return euURL
	}
	return base
}
