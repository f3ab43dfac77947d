package linkedin

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

// ruleForm is that of the numbers that LinkedIn assigns.
var ruleForm = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// account is a compiled account and section.
type account struct {
	id      string
	version string
	// events are the numbers of rules.
	events              conversion.Events
	header, probeHeader []provider.Header
	probe               string // the rule that probes ask for; empty: none
	leave               leave
}

// leave is what a destination lets out beyond hashed e-mail addresses and the ids
// of clicks, devices and lead forms.
type leave struct {
	name, title, company, country, externalID, ip bool // in clear
	hashedName, hashedIP                          bool
}

// accountKeys is spec.account.
type accountKeys struct {
	AdAccountID string            `yaml:"ad_account_id" kind:"digits" required:"true" rule:"number" doc:"The ad account that the rules belong to."`
	Events      map[string]string `yaml:"events" kind:"digits" doc:"Conversion rules by provider event: the number of each."`
}

// section is spec.linkedin.
type section struct {
	APIVersion string   `yaml:"api_version" kind:"digits" rule:"version" doc:"Version of the API, a month such as 202608. It ends about a year later (learn.microsoft.com/linkedin/marketing/versioning)."`
	Clear      []string `yaml:"clear" enum:"name,title,company,country,external_id,ip" doc:"What leaves unhashed: first and last name, the computed fields title and company_name, country, one external id (since 202609), the IPv4 address under opt_out. Absent: nothing."`
	Hashed     []string `yaml:"hashed" enum:"name,ip" doc:"What leaves hashed besides e-mail addresses: first and last name (since 202609, ShwareHQ/shware-sdk), the IPv4 address under opt_out. Absent: nothing."`
	Probe      string   `yaml:"probe" enum:",none,rule" doc:"rule: health asks GET /rest/conversions for one rule. Not known to work with a token of Signals Manager."`
}

var (
	accountSchema = document.Declare(accountKeys{}, options)
	sectionSchema = document.Declare(section{APIVersion: defaultVersion, Probe: "none"}, options)

	number = document.Rule{
		Must: "must be a number that LinkedIn assigned", Fix: "copy it from Campaign Manager: the account's from its address, a rule's from Signals Manager, Conversions",
		Form: ruleForm,
	}
	options = document.Options{Rules: map[string]document.Rule{
		"number":  number,
		"version": {Must: "must be a month such as " + defaultVersion, Fix: "write year and month without hyphen", Form: versionForm},
	}}
)

// problems collects what is wrong with one resource.
type problems struct{ provider.Findings }

// Open implements resource.Provider. The account's fingerprint is the ad account:
// a token and rules may change without it.
func (p *Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := &problems{provider.Findings{Resource: "Destination/" + d.ID}}
	var k accountKeys
	found.Read(accountSchema, d.Account, "spec.account", &k)
	s := section{APIVersion: defaultVersion}
	found.Read(sectionSchema, d.Section, "spec.linkedin", &s)
	a := &account{id: k.AdAccountID, version: cmp.Or(s.APIVersion, defaultVersion), events: k.Events}
	a.events.Check(&found.Findings, number)
	found.Defaults(d.Defaults)
	a.leave = found.leaves(&s, a.version)
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	a.header, a.probeHeader = headers(a.version)
	if s.Probe == "rule" {
		a.probe = found.probed(a.events)
	}
	if p.now != nil {
		if warning := versionWarning(a.version, time.UnixMilli(p.now())); warning != "" {
			found.Warn("spec.linkedin.api_version", "should be a version that lives", warning, "use a later one, in shadow mode first")
		}
	}
	if d.BrowserTag != nil && *d.BrowserTag {
		found.Warn("spec.browser_tag", "LinkedIn keeps the Insight Tag's event of an event id and discards this one, its value included", "",
			"make rules that only the Conversions API feeds, attach both to the campaigns, and set browser_tag: false")
	}
	return a, found.List
}

// leaves reads what may leave.
func (p *problems) leaves(s *section, version string) leave {
	in, hashed := func(word string) bool { return slices.Contains(s.Clear, word) }, func(word string) bool { return slices.Contains(s.Hashed, word) }
	l := leave{
		name: in("name"), title: in("title"), company: in("company"), country: in("country"), externalID: in("external_id"), ip: in("ip"),
		hashedName: hashed("name"), hashedIP: hashed("ip"),
	}
	for _, both := range [...]struct {
		word string
		yes  bool
	}{{"name", l.name && l.hashedName}, {"ip", l.ip && l.hashedIP}} {
		if both.yes {
			p.Add("spec.linkedin.hashed", "must not name what clear names", both.word, "remove it from one of the two")
		}
	}
	if (l.title || l.company || l.country) && !l.name && !l.hashedName {
		p.Add("spec.linkedin.clear", "must list name wherever it lists title, company or country: LinkedIn takes them only beside both names", "", "add name to clear or hashed")
	}
	if (l.hashedName || l.externalID) && version < namesVersion {
		p.Add("spec.linkedin.api_version", "must be "+namesVersion+" or later for hashed names and external ids", version, "write "+namesVersion+", in shadow mode first")
	}
	return l
}

// probed is the rule that probes ask for: always the same one.
func (p *problems) probed(events conversion.Events) string {
	if len(events) == 0 {
		p.Warn("spec.linkedin.probe", "has no effect without a rule in account.events", "rule", "list the rules")
		return ""
	}
	return events[slices.Min(slices.Collect(maps.Keys(events)))]
}

// Fingerprint implements resource.Account.
func (a *account) Fingerprint() string { return Name + ":" + a.id }

// Bounds implements resource.Bounded.
func (a *account) Bounds() resource.Bounds {
	return resource.Bounds{MaxWaitMS: maxAge - ageMargin, Numbers: []string{"value"}, Texts: []string{"currency", "title", "company_name"}}
}
