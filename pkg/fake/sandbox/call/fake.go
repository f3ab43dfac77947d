package call

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// Fake is one provider's strict fake. It is written apart from the provider
// that it judges, shares no code with it, and is safe for concurrent use. What
// only some have is an interface of its own below.
type Fake interface {
	// Name is the provider's.
	Name() string
	// Paths are where it answers: a path, or, with a slash at the end, all below
	// it. Of several the longest decides.
	Paths() []string
	// Base is what follows the sandbox's address in the provider's base URL.
	Base() string
	// Secret is a secret, in the form that the provider reads, which a fake
	// without registered accounts takes.
	Secret(reference string) map[string]string
	// Accounts reads which accounts and credentials exist, before it serves.
	Accounts(text json.RawMessage) error
	// Operation is what a path asks for, one of the Op constants.
	Operation(path string) string
	// Destination is whom a request's events are for; empty where nobody.
	Destination(op string, req *Request) string
	// MaxBody is the largest body that it reads.
	MaxBody() int
	// Serve answers a request, Refuse as the fault wants it.
	Serve(req Request) Answer
	Refuse(f Fault) Answer
	// Ledger is its record of what it took, Event how the record names an event.
	Ledger() *ledger.Ledger
	Event(destination, target, id string) ledger.Event
	// Reset forgets all but the accounts and the ledger.
	Reset()
}

// TokenService is implemented by fakes with a token endpoint.
type TokenService interface {
	// TokenPath is where; RevokeTokens ends every token that it issued.
	TokenPath() string
	RevokeTokens()
}

// Signed is implemented by fakes whose requests are signed.
type Signed interface {
	// SigningKey is what it takes where no accounts are registered.
	SigningKey() string
}

// Judges is implemented by fakes that say later what became of a request.
type Judges interface {
	// Script sets what processing refuses from now on.
	Script(v ...Verdict)
	// ProcessFor sets how long processing takes, before it serves.
	ProcessFor(d time.Duration)
}

// Throttles is implemented by fakes that refuse for too many requests in
// several ways.
type Throttles interface {
	Throttles() []Fault
}

// Counts is implemented by fakes that count what the ledger does not.
type Counts interface {
	Stats() map[string]int64
}

// Redacts is implemented by fakes whose bodies carry credentials.
type Redacts interface {
	WithoutCredentials(body []byte, contentType string) string
}

// The operations that requests are counted and scripted by.
const (
	OpEvents = "events" // hands over events
	OpIngest = "ingest" // the same, in Google's word
	OpToken  = "token"  // asks for a token
	OpStatus = "status" // asks what became of a request
	OpOther  = "other"  // a path of the provider that its fake does not know
)

// Fault is how a request is to be refused. The zero value is a temporary
// failure.
type Fault struct {
	// Throttle refuses for too many requests, BadToken the credential.
	Throttle, BadToken bool
	// In200 wants the error under status 200, where the provider has that.
	In200 bool
	// Operation and Destination are the request's.
	Operation, Destination string
	// Code, Status, Minutes and RetryAfter (seconds) are details of a throttle;
	// zero: the provider's usual ones.
	Code, Status, Minutes, RetryAfter int
}

// Verdict scripts a refusal that processing finds later.
type Verdict struct {
	Destination string `json:"destination"` // account, action or account/action; empty: all
	Reason      string `json:"reason"`      // as the provider names it, such as CLICK_NOT_FOUND
	PerMille    int    `json:"per_mille"`   // share of the records, chosen by their id
}

// Duration is a time.Duration that JSON writes as text, such as "1.5s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("reading duration: %w", err)
	}
	*d = Duration(v)
	return nil
}
