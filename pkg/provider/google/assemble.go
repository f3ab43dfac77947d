package google

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// Assemble joins events of one conversion action (or data stream) to one
// request. All identifiers are hex, so the encoding is the same for every
// request, whether its events have any or not.
func (a *account) Assemble(dst []byte, b *provider.Batch) provider.Request {
	size := 512
	for _, f := range b.Fragments {
		size += len(f) + 1
	}
	dst = slices.Grow(dst, size)
	start := len(dst)
	dst = append(dst, `{"destinations":[{`...)
	dst = appendAccount(dst, "operatingAccount", a.kind, a.operating)
	if a.login != "" {
		dst = appendAccount(dst, "loginAccount", a.kind, a.login)
	}
	dst = jsonappend.String(jsonappend.Key(dst, "productDestinationId"), identity.Vouch(b.Group))
	dst = append(dst, `}],"events":[`...)
	for i, f := range b.Fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f...)
	}
	dst = append(dst, `],"encoding":"HEX"`...)
	if b.ValidateOnly {
		dst = append(dst, `,"validateOnly":true`...)
	}
	dst = append(dst, '}')
	r := provider.Request{Method: "POST", URL: address(b.Endpoint, ingestPath), Body: dst[start:len(dst):len(dst)]}
	r.Header = appendQuota(append(make([]provider.Header, 0, 2), provider.Header{Name: "Content-Type", Value: "application/json"}), a)
	return r
}

func appendAccount(dst []byte, key, kind, id string) []byte {
	dst = append(jsonappend.Key(dst, key), '{')
	dst = jsonappend.String(jsonappend.Key(dst, "accountType"), identity.Vouch(kind))
	dst = jsonappend.String(jsonappend.Key(dst, "accountId"), identity.Vouch(id))
	return append(dst, '}')
}

func address(t *provider.Endpoint, path string) string {
	if t.BaseURL == "" {
		return baseURL + path
	}
	return strings.TrimSuffix(t.BaseURL, "/") + path
}

// quotaProject is the destination's own, empty where it names none.
func quotaProject(a provider.Account) string {
	if own, ok := a.(*account); ok {
		return own.quotaProject
	}
	return ""
}

const quotaHeader = "x-goog-user-project"

func appendQuota(h []provider.Header, a provider.Account) []provider.Header {
	if project := quotaProject(a); project != "" {
		h = append(h, provider.Header{Name: quotaHeader, Value: project})
	}
	return h
}

// Probe checks credentials, account and conversion action with an event that
// is validated and not stored. It concerns nobody: its only identifier is the
// digest of a constant.
func (a *account) Probe(dst []byte, at *provider.Endpoint) (provider.Request, bool) {
	if a.now == nil {
		return provider.Request{}, false
	}
	group, kind := a.stream, kindAuto
	if !a.analytics() {
		events := make([]string, 0, len(a.actions))
		for event := range a.actions {
			events = append(events, event)
		}
		if len(events) == 0 {
			return provider.Request{}, false // the actions stand in mappings, which a target does not know
		}
		act := a.actions[slices.Min(events)]
		group, kind = act.id, act.kind
	}
	var f []byte
	f = append(f, '{')
	f = jsonappend.String(jsonappend.Key(f, "transactionId"), identity.Literal("sluice-probe"))
	f = jsonappend.Time(jsonappend.Key(f, "eventTimestamp"), a.now())
	f = append(jsonappend.Key(f, "userData"), `{"userIdentifiers":[{"emailAddress":`...)
	nobody := identity.Hash([]byte("probe@sluice.invalid"))
	f = append(jsonappend.Hex(f, &nobody), `}]}`...)
	source := "WEB"
	switch kind {
	case kindOffline:
		source = "OTHER"
	case kindStore:
		source = "IN_STORE"
	case kindAuto, kindOnline:
	}
	f = jsonappend.String(jsonappend.Key(f, "eventSource"), identity.Vouch(source))
	if a.analytics() {
		f = jsonappend.String(jsonappend.Key(f, "eventName"), identity.Literal("sluice_probe"))
		id := "clientId"
		if a.app {
			id = "appInstanceId"
		}
		f = jsonappend.String(jsonappend.Key(f, id), identity.Literal("1.1"))
	}
	f = append(f, '}')
	return a.Assemble(dst, &provider.Batch{Endpoint: at, Group: group, Fragments: [][]byte{f}, ValidateOnly: true}), true
}
