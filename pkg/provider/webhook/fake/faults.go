package fake

import "net/http"

// BadSignature is the refusal of a key that was exchanged meanwhile.
func BadSignature() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: "signature", Message: "no signature is that of a key of this endpoint"}
}

// Throttled refuses for too many requests.
func Throttled(seconds int) *Refusal {
	return &Refusal{Status: http.StatusTooManyRequests, Code: "throttled", Message: "too many requests", RetryAfter: seconds}
}

// Unavailable is a temporary failure.
func Unavailable() *Refusal {
	return &Refusal{Status: http.StatusServiceUnavailable, Code: "unavailable", Message: "try again later"}
}
