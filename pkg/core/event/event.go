// Package event is the analytics event as Sluice reads it: its fields, its
// ids and the coordinates of the record it came in. The shape follows
// schemas/analytics_event.avsc; decoding lives in package codec.
//
// Strings alias the record's bytes: an Event is valid only while the record it
// was decoded from is, and it is reused between records (see Reset).
package event

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Opt is a nullable scalar. The zero Opt is null.
type Opt[T any] struct {
	Value T
	Set   bool
}

// Some returns an Opt that holds v.
func Some[T any](v T) Opt[T] { return Opt[T]{Value: v, Set: true} }

// Event is one analytics event. Times are epoch milliseconds (UTC); zero means
// absent. An empty string or slice means absent, except inside Consent, where
// the difference matters.
type Event struct {
	// Origin says which record the event was read from.
	Origin Coordinates

	CustomerID string // tenant; required; [A-Za-z0-9._-]{1,128}
	Name       string // event_name, such as transaction.purchase; required
	Time       int64  // event_time: when the action happened; required

	ID              string       // event_id: the explicit token shared by browser and server
	SubjectID       identity.Raw // opaque id that consent is recorded for
	ReceivedTime    int64        // when analytics received it
	Source          string       // web, app, in_store, phone, email, chat, system, other; see EffectiveSource
	Traffic         string       // live (also when absent), test, internal, bot
	BrowserReported Opt[bool]    // whether a browser tag reported the same event

	Page      Page
	Device    Device
	Location  Location
	Identity  Identity
	Click     Click
	Analytics Analytics
	Messaging Messaging
	// Consent is the snapshot that the event carries, with the top-level
	// age_group in its AgeGroup field.
	Consent  consent.Input
	Commerce Commerce
	Original Original
	// Properties are in the order of the input. A key occurs once.
	Properties []Property
	// Notes name what reading the event left out or changed.
	Notes Notes
}

// Page is where a web action happened.
type Page struct{ URL, Referrer, Title string }

// Device describes the browser or phone.
type Device struct {
	IP, UserAgent               identity.Raw
	Language                    string
	AdvertisingID, VendorID     identity.Raw
	InstallID                   identity.Raw
	Platform, OSVersion, Model  string
	Timezone, Carrier           string
	ScreenWidth, ScreenHeight   Opt[int64]
	ScreenDensity               Opt[float64]
	CPUCores                    Opt[int64]
	StorageGB, StorageFreeGB    Opt[float64]
	AppID, AppVersion, AppBuild string
	TrackingAuthorized          Opt[bool]
	AppTrackingEnabled          Opt[bool]
}

// Location is the jurisdiction, never an identifier.
type Location struct {
	Country string // ISO 3166-1 alpha-2
	Region  string // ISO 3166-2 subdivision without the country, e.g. CA
}

// Identity holds the declared personal fields. Values may be raw or already
// hashed; providers tell which.
type Identity struct {
	Emails, Phones                   []identity.Raw
	FirstName, LastName, DateOfBirth identity.Raw
	Gender                           identity.Raw
	Street, City, Region, PostalCode identity.Raw
	Country                          identity.Raw
	ExternalIDs                      []identity.Raw
	LeadID, SubscriptionID           identity.Raw
	LoginIDs                         []NamedRaw // login_ids, in the order of the input
}

// NamedRaw is one entry of a map of personal values.
type NamedRaw struct {
	Name  string
	Value identity.Raw
}

// Click holds click and browser ids.
type Click struct {
	Fbc, Fbp, Fbclid      identity.Raw
	Gclid, Gbraid, Wbraid identity.Raw
	Dclid                 identity.Raw
	SessionAttributes     identity.Raw
	CapturedAt            int64 // epoch ms
	Other                 []NamedRaw
	// Click and browser ids of TikTok, Snapchat, Pinterest, Reddit, LinkedIn,
	// Microsoft Advertising and X, in this order.
	Ttclid, Ttp     identity.Raw
	Sccid, Scid     identity.Raw
	Epik            identity.Raw
	RdtCid, RdtUUID identity.Raw
	LiFatID         identity.Raw
	Msclkid, Uetvid identity.Raw
	Twclid          identity.Raw
}

// Analytics holds Google Analytics' own ids.
type Analytics struct{ ClientID, SessionID, AppInstanceID, UserID identity.Raw }

// Messaging holds business messaging ids.
type Messaging struct {
	Channel                                       string
	PageID, PageScopedUserID, CtwaClid            identity.Raw
	IGAccountID, IGSID, WhatsAppBusinessAccountID identity.Raw
}

// Commerce holds what was bought.
type Commerce struct {
	TransactionID           string
	Value                   Opt[float64]
	Currency                string // ISO 4217
	Tax, Shipping, Discount Opt[float64]
	NetRevenue              Opt[float64]
	PredictedLTV            Opt[float64]
	Coupons                 []string
	Items                   []Item
	SearchTerm              string
	LeadEventSource         string
	CustomerType            string // new, returning, reengaged
	CustomerValueBucket     string
	DeliveryCategory        string
	StoreID                 string
}

// Item is one line of a cart.
type Item struct {
	ID, GroupID, ItemNumber        string
	Name, Brand, Category, Variant string
	Quantity                       Opt[int64]
	Price                          Opt[float64]
}

// Original names the earlier event that this one amends.
type Original struct {
	Name          string
	Time          int64 // epoch ms
	ID            string
	TransactionID string
}

// Property is one custom property.
type Property struct {
	Key   string
	Value Value
}

// Kind tells which member of a Value is meant.
type Kind uint8

// The kinds of a property value.
const (
	Null Kind = iota
	String
	Double
	Long
	Boolean
)

// Value is a property's scalar.
type Value struct {
	Kind   Kind
	Str    string
	Double float64
	Long   int64
	Bool   bool
}

// Reset empties e for reuse and keeps the capacity of its slices, so that the
// hot path does not allocate. Nothing of the event stays behind in them.
func (e *Event) Reset() {
	id, commerce, other, props := e.Identity, e.Commerce, e.Click.Other, e.Properties
	*e = Event{}
	e.Identity.Emails = emptied(id.Emails)
	e.Identity.Phones = emptied(id.Phones)
	e.Identity.ExternalIDs = emptied(id.ExternalIDs)
	e.Identity.LoginIDs = emptied(id.LoginIDs)
	e.Commerce.Items, e.Commerce.Coupons = emptied(commerce.Items), emptied(commerce.Coupons)
	e.Click.Other, e.Properties = emptied(other), emptied(props)
}

// emptied is s without its elements, which would keep a record's bytes alive.
// What lies beyond the length was emptied when it was given up.
func emptied[T any](s []T) []T {
	clear(s)
	return s[:0]
}
