package linkedin

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/provider"
)

const (
	opening    = `{"elements":[`
	rulePrefix = "urn:lla:llaPartnerConversion:"
)

// Assemble implements provider.Account. The rules stand in the fragments, so
// events of all rules share a request; one event is a batch as well, so that
// answers have one form.
func (a *account) Assemble(dst []byte, b *provider.Batch) provider.Request {
	start := len(dst)
	dst = append(dst, opening...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, "]}"...)
	return provider.Request{
		Method: "POST", URL: strings.TrimSuffix(b.Endpoint.BaseURL, "/") + "/rest/conversionEvents", Header: a.header, Body: dst[start:],
	}
}

// Probe implements provider.Account: where the destination says so, it asks for
// one of its rules, which proves token, role, version and rule and delivers
// nothing. By default there is none: it is not known whether a token of Signals
// Manager may ask.
func (a *account) Probe(_ []byte, at *provider.Endpoint) (provider.Request, bool) {
	if a.probe == "" {
		return provider.Request{}, false
	}
	return provider.Request{
		Method: "GET", Header: a.probeHeader,
		URL: strings.TrimSuffix(at.BaseURL, "/") + "/rest/conversions/" + a.probe + "?account=urn%3Ali%3AsponsoredAccount%3A" + a.id,
	}, true
}

// headers are those of every request: they are the same for all of a destination.
func headers(version string) (post, get []provider.Header) {
	get = []provider.Header{{Name: "LinkedIn-Version", Value: version}, {Name: "X-Restli-Protocol-Version", Value: "2.0.0"}}
	post = append([]provider.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "X-RestLi-Method", Value: "BATCH_CREATE"}}, get...)
	return post, get
}
