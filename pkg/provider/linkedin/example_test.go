package linkedin_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// example is an event as the examples of the specification write it; other members
// than these fail the test.
type example struct {
	Customer string    `json:"customer_id"`
	Name     string    `json:"event_name"`
	Time     time.Time `json:"event_time"`
	ID       string    `json:"event_id"`
	Source   string    `json:"source"`
	Page     struct{ URL, Referrer, Title string }
	Device   struct {
		IP        string `json:"ip"`
		UserAgent string `json:"user_agent"`
	} `json:"device"`
	Location struct{ Country, Region string }
	Identity struct {
		Emails, Phones []string
		ExternalIDs    []string `json:"external_ids"`
		FirstName      string   `json:"first_name"`
		LastName       string   `json:"last_name"`
	}
	Click struct {
		LiFatID string `json:"li_fat_id"`
	}
	Consent  map[string]string
	Commerce struct {
		TransactionID string `json:"transaction_id"`
		Value         *float64
		Currency      string
		Items         []struct {
			ID, Name string
			Quantity int64
			Price    float64
		}
	}
	Properties map[string]string
}

func decode(t *testing.T, text json.RawMessage) *event.Event {
	t.Helper()
	var x example
	require.NoError(t, json.Unmarshal(text, &x))
	raws := func(list []string) (out []identity.Raw) {
		for _, s := range list {
			out = append(out, raw(s))
		}
		return out
	}
	e := &event.Event{
		CustomerID: x.Customer, Name: x.Name, Time: x.Time.UnixMilli(), ID: x.ID, Source: x.Source,
		Page:     event.Page{URL: x.Page.URL, Referrer: x.Page.Referrer, Title: x.Page.Title},
		Device:   event.Device{IP: raw(x.Device.IP), UserAgent: raw(x.Device.UserAgent)},
		Location: event.Location{Country: x.Location.Country, Region: x.Location.Region},
		Identity: event.Identity{
			Emails: raws(x.Identity.Emails), Phones: raws(x.Identity.Phones), ExternalIDs: raws(x.Identity.ExternalIDs),
			FirstName: raw(x.Identity.FirstName), LastName: raw(x.Identity.LastName),
		},
		Click: event.Click{LiFatID: raw(x.Click.LiFatID)},
	}
	e.Commerce.TransactionID, e.Commerce.Currency = x.Commerce.TransactionID, x.Commerce.Currency
	if x.Commerce.Value != nil {
		e.Commerce.Value = event.Some(*x.Commerce.Value)
	}
	for _, i := range x.Commerce.Items {
		e.Commerce.Items = append(e.Commerce.Items, event.Item{ID: i.ID, Name: i.Name, Quantity: event.Some(i.Quantity), Price: event.Some(i.Price)})
	}
	for k, v := range x.Properties {
		e.Properties = append(e.Properties, event.Property{Key: k, Value: event.Value{Kind: event.String, Str: v}})
	}
	return e
}
