package webhook

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// destination is a compiled account.
type destination struct {
	url string
	// place is host and path: where a sandbox behind base_url finds them.
	place        string
	phoneCountry string
}

// account is spec.account. The form of the URL is checked by address, which
// shows it only where nobody can have put a password in it.
type account struct {
	URL string `yaml:"url" required:"true" doc:"Address of the endpoint, https."`
}

var (
	accountSchema = document.Declare(account{}, document.Options{})
	sectionSchema = document.Declare(struct{}{}, document.Options{})
)

// problems collects what is wrong with one resource.
type problems struct{ provider.Findings }

// Open implements resource.Provider. The account's fingerprint
// is the URL: deliveries made for one address never go to another.
func (p *Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := problems{provider.Findings{Resource: "Destination/" + d.ID}}
	c := &destination{}
	var a account
	found.Read(accountSchema, d.Account, "spec.account", &a)
	found.Read(sectionSchema, d.Section, "spec.webhook", &struct{}{})
	if a.URL != "" {
		c.place = found.address(a.URL)
	}
	if c.place != "" {
		c.url = "https://" + c.place
		p.allowed(&found, c.place)
	}
	c.phoneCountry = found.Defaults(d.Defaults)
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return c, found.List
}

// Fingerprint implements resource.Account.
func (d *destination) Fingerprint() string { return Name + ":" + d.url }

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
	case err != nil || len(raw) > maxURL || !visible(raw):
		p.Add(path, "must be a URL of plain characters", shown, "write it as https://hooks.acme.example/conversions")
	case u.Scheme != "https":
		p.Add(path, "must be https", shown, "give the endpoint a certificate; signed is not encrypted")
	case u.User != nil || strings.ContainsAny(raw, "?#"):
		p.Add(path, "must have no user, query or fragment", shown, "the signature says who sends; remove the rest")
	case !hostName(u.Hostname()):
		p.Add(path, "must name a host", shown, "use a name of the public internet, not an address")
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
	found.Warn("spec.account.url", "must be of a host that the operator allows; until then deliveries are parked", host,
		"add it to sender.providers.webhook.hosts in the senders' configuration")
}

func withoutDefaultPort(host string) string { return strings.TrimSuffix(strings.ToLower(host), ":443") }
