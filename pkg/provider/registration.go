package provider

import "strings"

// Registration is a provider's entry in the one list of pkg/provider/all.
type Registration struct {
	// Name is the provider's name in resources, topics and diagnostics: lower-case
	// letters and digits, with hyphens between words. Folder follows from it.
	Name string
	// New makes the provider.
	New func(Deps) Provider
}

// Deps is what a provider gets of its surroundings. A provider needs none of
// them to say what it is (Spec, Needs, Supported).
type Deps struct {
	// Now is the clock in epoch milliseconds: to warn of what ends soon, and to
	// sign what carries the time. Nil: no clock is at hand.
	Now func() int64
	// Hosts are the hosts, or host:port, that the installation allows a provider
	// with Spec.OwnHosts to send to. Nil: this process does not know the list.
	Hosts []string
}

// Folder is the name of a provider's package and of its folder in pkg/provider: a
// Go package has no hyphens.
func Folder(name string) string { return strings.ReplaceAll(name, "-", "") }
