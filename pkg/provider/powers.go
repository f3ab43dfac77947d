package provider

// The optional powers of providers and accounts. Whoever uses one asks for it
// here, with a type assertion, and does without where it is missing:
//
//	Versioned  an account's requests name a version of the API that ends
//	Quotas     an account shares a budget of requests with others
//	Trials     a provider can be tried with one event by hand (trial.go)
//	Documented a provider's page has tables of its own
//	Probed     a provider answers a probe otherwise than it answers events
//	Verdicts   a provider says later what became of a request (verdict.go)

// Versioned is implemented by accounts whose requests name a version of the
// API that ends some day.
type Versioned interface {
	// Version gives the version that the requests name, and when it ends, in
	// epoch milliseconds; zero where no end is announced.
	Version() (name string, ends int64)
}

// Quotas is implemented by accounts that share a budget of requests with
// others.
type Quotas interface {
	// Quota names the budget, empty where the account has one of its own.
	Quota() string
}

// Documented is implemented by providers whose page in docs/providers has
// tables beside those that every provider's has.
type Documented interface {
	Tables() []Table
}

// Table is one table of a page, between the markers
// "<!-- generated: PROVIDER NAME -->" and "<!-- end -->".
type Table struct {
	// Name is what the marker calls it, Title the heading on a new page.
	Name, Title string
	Head        []string
	Rows        [][]string
}

// Probed is implemented by providers whose answer to Account.Probe means
// something else than the same answer to events: a refusal of the probe itself,
// from which a good token can be told, would keep a destination blocked for ever.
type Probed interface {
	// ClassifyProbe judges the answer to a probe: Accepted where credentials and
	// configuration are good.
	ClassifyProbe(r *Response) Answer
}

// ClassifyProbe judges the answer to a probe of p.
func ClassifyProbe(p Provider, r *Response) Answer {
	if own, ok := p.(Probed); ok {
		return own.ClassifyProbe(r)
	}
	return p.Classify(0, r)
}
