package x_test

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
		Twclid string
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
	SearchTerm string `json:"search_term"`
}

func decode(t *testing.T, text json.RawMessage) *event.Event {
	t.Helper()
	var v example
	require.NoError(t, json.Unmarshal(text, &v))
	raws := func(list []string) (out []identity.Raw) {
		for _, s := range list {
			out = append(out, raw(s))
		}
		return out
	}
	e := &event.Event{
		CustomerID: v.Customer, Name: v.Name, Time: v.Time.UnixMilli(), ID: v.ID, Source: v.Source,
		Page:     event.Page{URL: v.Page.URL, Referrer: v.Page.Referrer, Title: v.Page.Title},
		Device:   event.Device{IP: raw(v.Device.IP), UserAgent: raw(v.Device.UserAgent)},
		Location: event.Location{Country: v.Location.Country, Region: v.Location.Region},
		Identity: event.Identity{
			Emails: raws(v.Identity.Emails), Phones: raws(v.Identity.Phones), ExternalIDs: raws(v.Identity.ExternalIDs),
			FirstName: raw(v.Identity.FirstName), LastName: raw(v.Identity.LastName),
		},
		Click: event.Click{Twclid: raw(v.Click.Twclid)},
	}
	e.Commerce.TransactionID, e.Commerce.Currency = v.Commerce.TransactionID, v.Commerce.Currency
	if v.Commerce.Value != nil {
		e.Commerce.Value = event.Some(*v.Commerce.Value)
	}
	for _, i := range v.Commerce.Items {
		e.Commerce.Items = append(e.Commerce.Items, event.Item{ID: i.ID, Name: i.Name, Quantity: event.Some(i.Quantity), Price: event.Some(i.Price)})
	}
	e.Commerce.SearchTerm = v.SearchTerm
	return e
}
