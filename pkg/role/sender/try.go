package sender

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
)

// Trial is one request that somebody makes by hand.
type Trial struct {
	Endpoint *resource.Endpoint
	// Group and Payload are what the provider built.
	Group   string
	Payload []byte
	// ValidateOnly: see provider.Batch.
	ValidateOnly bool
}

// TrialAnswer is what became of it.
type TrialAnswer struct {
	provider.Answer
	// Reason is what the sender's diagnostic would say.
	Reason decision.Reason
	// Status is that of HTTP; zero where no answer came.
	Status int
	Took   time.Duration
	Bytes  int
	// Denied: the credentials could not be had, so nothing was sent.
	Denied bool
}

// Accepted says whether the provider took the event.
func (a *TrialAnswer) Accepted() bool { return a.Reason == decision.ReasonDelivered }

// Try sends one payload as the sender does, credentials, assembly, client and
// classification included, and nothing else: no claim, no mark, no gate, no
// diagnostic. Of cfg it needs the addresses, of deps the provider, the client,
// the secrets and the clock.
func Try(ctx context.Context, cfg Config, deps Deps, t Trial) TrialAnswer {
	deps = deps.withDefaults()
	w := worker{cfg: cfg, deps: deps, spec: deps.Provider.Spec(), credentials: newCredentials(&deps)}
	target := w.target(t.Endpoint)
	granted, err := w.credentials.Get(ctx, &target)
	if err != nil {
		return tried(&answer{Answer: destinations.Denied(err), denied: true})
	}
	request := target.Account.Assemble(nil, &provider.Batch{
		Endpoint: &target, Group: t.Group, Fragments: [][]byte{t.Payload}, ValidateOnly: t.ValidateOnly,
		Authorization: granted.Auth, Now: deps.Now().UnixMilli(),
	})
	return tried(w.exchange(ctx, request, granted.Auth, 1))
}

func tried(a *answer) TrialAnswer {
	return TrialAnswer{Answer: a.Answer, Reason: reasonOf(a), Status: a.status, Took: a.took, Bytes: a.bytes, Denied: a.denied}
}

// reasonOf is the reason that an answer gives the events of its request, where
// nothing but the answer counts.
func reasonOf(a *answer) decision.Reason {
	switch a.Class {
	case provider.Accepted, provider.AcceptedWithWarnings, provider.DuplicateDelivery:
		return decision.ReasonDelivered
	case provider.Throttled:
		return decision.ProviderThrottled
	case provider.Transient, provider.UnknownOutcome:
		return decision.ProviderUnavailable
	case provider.Credentials:
		if a.Code == decision.CredentialsMissing.String() {
			return decision.CredentialsMissing
		}
		return decision.CredentialsInvalid
	case provider.Configuration:
		return decision.ProviderMisconfigured
	default:
		return decision.ProviderRejected
	}
}
