package webhook

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// destination is a compiled account.
type destination struct {
	url string
	// place is host and path: where a sandbox behind base_url finds them.
	place        string
	phoneCountry string
}

// problems collects what is wrong with one resource.
type problems struct {
	resource string
	list     []resource.Problem
}

func (p *problems) add(path, rule, value, fix string) {
	p.list = append(p.list, resource.Problem{Resource: p.resource, Path: path, Rule: rule, Value: value, Fix: fix})
}

// CompileDestination implements resource.Provider. The account's fingerprint
// is the URL: deliveries made for one address never go to another.
func (p *Provider) CompileDestination(d *resource.Destination) (any, string, []resource.Problem) {
	found := problems{resource: "Destination/" + d.ID}
	c := &destination{}
	var account struct {
		URL string `json:"url"`
	}
	found.decode(d.Account, &account, "spec.account", "url")
	found.decode(d.Section, &struct{}{}, "spec.webhook", "none")
	if c.place = found.address(account.URL); c.place != "" {
		c.url = "https://" + c.place
		p.allowed(&found, c.place)
	}
	c.phoneCountry = found.phoneCountry(d.Defaults.PhoneCountry)
	if s := d.Defaults.Currency; s != "" {
		if _, ok := identity.Currency(s); !ok {
			found.add("spec.defaults.currency", "must be an ISO 4217 code", s, "write three letters, such as EUR")
		}
	}
	return c, Name + ":" + c.url, found.list
}

// decode reads a JSON object strictly; an absent one is empty.
func (p *problems) decode(raw json.RawMessage, into any, path, keys string) {
	if len(raw) == 0 || string(raw) == "null" {
		return
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		p.add(path, "must have known keys with values of their type: "+keys, strings.TrimPrefix(err.Error(), "json: "), "mend or remove the key")
	}
}

const maxURL = 2000

// address gives host and path of a URL that may be sent to, empty where it is
// none. The value is shown only where nobody can have put a password in it.
func (p *problems) address(raw string) string {
	const path = "spec.account.url"
	shown := raw
	if strings.ContainsAny(raw, "@?#") || len(raw) > maxURL {
		shown = ""
	}
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		p.add(path, "is required", "", "write the endpoint's address, such as https://hooks.acme.example/conversions")
	case err != nil || len(raw) > maxURL || !visible(raw):
		p.add(path, "must be a URL of plain characters", shown, "write it as https://hooks.acme.example/conversions")
	case u.Scheme != "https":
		p.add(path, "must be https", shown, "give the endpoint a certificate; signed is not encrypted")
	case u.User != nil || strings.ContainsAny(raw, "?#"):
		p.add(path, "must have no user, query or fragment", shown, "the signature says who sends; remove the rest")
	case !hostName(u.Hostname()):
		p.add(path, "must name a host", shown, "use a name of the public internet, not an address")
	default:
		return withoutDefaultPort(strings.ToLower(u.Host)) + u.EscapedPath()
	}
	return ""
}

func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7F || s[i] == '\\' {
			return false
		}
	}
	return true
}

// hostName refuses addresses and names without a dot: neither stands for
// somebody on the public internet.
func hostName(host string) bool {
	_, err := netip.ParseAddr(host)
	return err != nil && strings.Contains(strings.Trim(host, "."), ".") && !strings.HasSuffix(host, ".")
}

// allowed warns where the operator's list lacks the host. It is no error: the
// list belongs to the senders' configuration, which need not be this
// process's, and a sender refuses the host by itself and parks the deliveries.
func (p *Provider) allowed(found *problems, place string) {
	host, _, _ := strings.Cut(place, "/")
	if !p.known || slices.Contains(p.hosts, host) {
		return
	}
	found.list = append(found.list, resource.Problem{
		Resource: found.resource, Path: "spec.account.url", Rule: "must be of a host that the operator allows; until then deliveries are parked", Value: host,
		Fix: "add it to sender.providers.webhook.hosts in the senders' configuration", Warning: true,
	})
}

func withoutDefaultPort(host string) string { return strings.TrimSuffix(strings.ToLower(host), ":443") }

func (p *problems) phoneCountry(s string) string {
	if s == "" {
		return ""
	}
	code, ok := identity.CountryCode(s)
	if !ok || phonenumbers.GetCountryCodeForRegion(code) == 0 {
		p.add("spec.defaults.phone_country", "must be an ISO 3166-1 alpha-2 code with a calling code", s, "write two letters, such as DE")
		return ""
	}
	return code
}
