package provider

import "github.com/sluicehq/sluice/pkg/core/decision"

// Verdicts is implemented by asynchronous providers (Spec.Asynchronous): their
// acceptance of a request means received, and what became of its events is
// asked later.
type Verdicts interface {
	// StatusRequest asks what became of a request.
	StatusRequest(at *Endpoint, requestID string) Request
	// ParseStatus reads the answer to a StatusRequest. The Answer says whether
	// asking succeeded; the status counts only where its class is Accepted.
	// Class Invalid means that the provider does not know the request.
	ParseStatus(r *Response) (RequestStatus, Answer)
	// ClassifyVerdict says what a processing reason means. restricted says that
	// the records were sent without consent for ad user data, as announced:
	// their refusal for that is no error.
	ClassifyVerdict(reason string, restricted bool) Verdict
}

// RequestState is how far a provider is with a request.
type RequestState uint8

// The states.
const (
	StateUnknown    RequestState = iota // the provider cannot say
	StateProcessing                     // it is not finished
	StateSuccess                        // every record was taken
	StatePartial                        // some were refused
	StateFailed                         // all were refused
)

// RequestStatus is what became of a request at its one destination.
type RequestStatus struct {
	State RequestState
	// Records is everything that was sent; zero where the provider does not
	// say.
	Records          int64
	Errors, Warnings []ReasonCount
}

// ReasonCount is how many records have a reason.
type ReasonCount struct {
	Reason string
	Count  int64
	// Indices are the records' positions in the request, where the provider
	// names them; else empty.
	Indices []int
}

// Verdict is what one processing reason means.
type Verdict struct {
	// Reason is what the diagnostic says.
	Reason decision.Reason
	// Class is configuration where the destination has to be mended, transient
	// where a replay helps, duplicate where the provider has the event already.
	Class        Class
	Meaning, Fix string
	// Known is false for a reason that is in no table.
	Known bool
}
