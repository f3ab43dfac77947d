// Package call holds what the stand-ins of the providers have in common with
// the HTTP server around them: one request, read completely, and one answer.
package call

import (
	"net/http"
	"net/url"
	"time"
)

// Request is one HTTP request with its body read.
type Request struct {
	Method string
	Path   string
	Host   string // as the client named it; tokens name their audience with it
	Query  url.Values
	Header http.Header
	Body   []byte
	Now    time.Time            // the sandbox's clock
	Poison func(id string) bool // events that the poison fault makes invalid; nil: none
	Scheme string               // http or https
}

// Answer is what the stand-in says.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}
