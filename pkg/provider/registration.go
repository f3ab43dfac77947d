package provider

// Registration is a provider's entry in the one list of pkg/provider/all.
type Registration struct {
	// Name is the provider's name in resources, topics and diagnostics, and the
	// name of its folder.
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
