package consent

// Needs is what a destination and a mapping need to send an event.
type Needs struct {
	// Purposes must be allowed for the event to leave: what the provider needs
	// and what consent.requires adds.
	Purposes PurposeSet
	// Sensitive: destination or mapping is marked sensitive, so all of
	// Advertising must be granted explicitly, in every jurisdiction.
	Sensitive bool
	// TCFVendor is the provider's number in IAB Europe's Global Vendor List:
	// TC strings are read as they bind it, with its vendor consent. Zero: as
	// they bind everybody.
	TCFVendor int32
}

// required returns every purpose that has to be granted, given or not denied.
func (n Needs) required() PurposeSet {
	if n.Sensitive {
		return n.Purposes | Advertising
	}
	return n.Purposes
}

// Outcome is what consent has to say about one event and one destination.
type Outcome struct {
	// Causes is everything that stands against sending; empty: nothing does.
	// A destination may choose to restrict or to hold for some of them, so all
	// are named, not only the first.
	Causes Causes
	// Usable are the purposes that the regime allows data to be used for.
	// Without AdStorage cookie identifiers are removed; without
	// AdPersonalization the provider is told so.
	Usable PurposeSet
	// Said is what somebody said, signals included, and nothing that the regime
	// only implies: what is passed on in a provider's consent fields.
	Said State
	// Basis explains the first cause, or what allowed the event.
	Basis Basis
}

// OK tells whether nothing stands against sending.
func (o Outcome) OK() bool { return o.Causes == 0 }

// Revoked returns the purposes of reliesOn that are no longer allowed: what a
// delivery's bytes depend on and may no longer be used. Empty: it may go.
func (o Outcome) Revoked(reliesOn PurposeSet) PurposeSet { return reliesOn &^ o.Usable }

// Basis is what a decision rests on, for the audit.
type Basis struct {
	// Source tells which input decided, At when it was made (epoch
	// milliseconds), Offset where a record stands in the consent topic.
	Source Source
	At     int64
	Offset int64
	// Purpose is the purpose that decided, where one did.
	Purpose PurposeSet
	// Malformed is what was malformed, for that cause only.
	Malformed Part
	// Detail says in words what raised the cause, where the cause does not say it
	// all: what is wrong with a string, which section is not read, how old a grant
	// is. It holds nothing personal, and is not kept with a delivery.
	Detail string

	Regime        Regime
	Jurisdiction  Jurisdiction
	FromIdentity  bool // identity.country implied a stricter rule than the location
	PolicyID      string
	PolicyVersion string
}
