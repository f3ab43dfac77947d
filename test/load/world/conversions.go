package world

import (
	"net/http"
	"regexp"
	"strings"
)

// api is how requests of one conversion API are recognised, and what they hold.
type api struct {
	provider string
	path     *regexp.Regexp // its first group, where it has one, is the account
	account  *regexp.Regexp // the account in the body, where it stands there
	id       *regexp.Regexp // the id of an event
}

func member(name string) *regexp.Regexp { return regexp.MustCompile(`"` + name + `":"([^"]+)"`) }

var apis = []api{
	{"tiktok", regexp.MustCompile(`^/open_api/v[0-9.]+/event/track/$`), member("event_source_id"), member("event_id")},
	{"snapchat", regexp.MustCompile(`^/v3/([^/]+)/events$`), nil, member("event_id")},
	{"pinterest", regexp.MustCompile(`^/v5/ad_accounts/([^/]+)/events$`), nil, member("event_id")},
	{"reddit", regexp.MustCompile(`^/api/v3/pixels/([^/]+)/conversion_events$`), nil, member("conversion_id")},
	{"linkedin", regexp.MustCompile(`^/linkedin/rest/conversionEvents$`), regexp.MustCompile(`"urn:lla:llaPartnerConversion:([0-9]+)"`), member("eventId")},
	{"microsoft", regexp.MustCompile(`^/uet/v1/([^/]+)/events$`), nil, member("eventId")},
	{"x", regexp.MustCompile(`^/x/12/measurement/conversions/([^/]+)$`), nil, member("conversion_id")},
}

// readConversions takes a request of one of these APIs apart; false where it is
// none of theirs.
func readConversions(one *Request, req *http.Request, body []byte) bool {
	for i := range apis {
		a := &apis[i]
		found := a.path.FindStringSubmatch(req.URL.Path)
		if found == nil {
			continue
		}
		one.Provider, one.Events = a.provider, req.Method == http.MethodPost
		if len(found) > 1 {
			one.Destination = found[1]
		} else if in := a.account.FindSubmatch(body); in != nil {
			one.Destination = string(in[1])
		}
		for _, id := range a.id.FindAllSubmatch(body, -1) {
			one.IDs = append(one.IDs, string(id[1]))
		}
		return true
	}
	for prefix, provider := range map[string]string{"/open_api/": "tiktok", "/v3/": "snapchat", "/v5/": "pinterest", "/api/v3/": "reddit", "/linkedin/": "linkedin", "/uet/": "microsoft", "/x/": "x"} {
		if strings.HasPrefix(req.URL.Path, prefix) {
			one.Provider = provider
			return true
		}
	}
	return false
}
