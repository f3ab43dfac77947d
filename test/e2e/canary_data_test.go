package e2e_test

import (
	"fmt"
	"strings"
	"time"
)

// The canaries. Each is distinctive enough to be found in any bytes.
var ( //nolint:gochecknoglobals // constants that Go cannot declare
	// sealed may stand in the input topic and nowhere else: the hold topic and the
	// dead letters of events have it behind a key.
	sealed = map[string]string{
		"email": "canary.zq7x", "phone": "15123489754", "phone as written": "0151 2348 9754", "first name": "zq7xwilhelmine", "last name": "zq7xvandermeer",
		"birth date": "1971-03-29", "birth date in digits": "19710329", "street": "zq7xgasse", "city": "zq7xstadt",
		"login": "zq7xlogin", "token": "eaagzq7xtoken", "card": "4556737586899855", "page-scoped user": "zq7xpsid",
		"client id": "771234567.1771234567",
	}
	// payload may also stand where a provider's payload stands.
	payload = map[string]string{
		"ip": "81.2.69.177", "user agent": "zq7xagent", "fbp": "fb.1.1771234567890.7712345678", "fbc": "iwzq7xclick", "gclid": "cj0zq7xgclid",
		"postal code": "zq7 7xq", "subject": "zq7xsubject", "advertising id": "7c0ffee7-1234-4abc-9def-77c0ffee7777",
	}
	// secret stands nowhere at all.
	secret = map[string]string{"meta token": "zq7xmetatoken", "google secret": "zq7xgooglesecret", "google refresh token": "zq7xrefreshtoken", "privacy key": "a key of more than thirty-two bytes", "erase key": "an installation key of more"}
)

const (
	canaryEmail = "Canary.Zq7x@mail.example.com"
	canaryPhone = "+49 1512 3489754"
	canaryCard  = "4556 7375 8689 9855"
	canaryToken = "EAAGzq7xTokenQ2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5"
)

// canaryEvent is an event full of personal data, where it belongs.
func canaryEvent(customer, id string, now time.Time) string {
	text := fmt.Sprintf(`{"customer_id": %q, "event_name": "transaction.purchase", "event_time": %q, "event_id": %q, "subject_id": "zq7xsubject-%s", "source": "web",
 "page": {"url": "https://shop.example/checkout?email=canary.zq7x%%40mail.example.com&token=EAAGzq7xToken", "referrer": "https://shop.example/u/%s", "title": "Order of Zq7xwilhelmine Zq7xvandermeer, %s"},
 "device": {"ip": "81.2.69.177", "user_agent": "Zq7xAgent/7.7 (X11; Linux x86_64)", "advertising_id": "7c0ffee7-1234-4abc-9def-77c0ffee7777"},
 "location": {"country": "DE"},
 "identity": {"emails": [%q], "phones": [%q, "0151 2348 9754"], "first_name": "Zq7xWilhelmine", "last_name": "Zq7xVanDerMeer", "date_of_birth": "1971-03-29", "gender": "f",
  "street": "Zq7xGasse 7", "city": "Zq7xStadt", "postal_code": "ZQ7 7XQ", "country": "DE", "external_ids": ["crm-%s"], "lead_id": "12345", "login_ids": {"own": "zq7xlogin"}},
 "click": {"fbp": "fb.1.1771234567890.7712345678", "fbc": "fb.1.1771234567890.IwZq7xClick", "gclid": "Cj0Zq7xGclid_wcB", "captured_at": %q},
 "analytics": {"client_id": "771234567.1771234567", "session_id": "1771234567"},
 "messaging": {"page_scoped_user_id": "zq7xpsid"},
 "consent": {"ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "granted", "analytics_storage": "granted", "captured_at": %q},
 "commerce": {"transaction_id": "T-%s", "value": 12.5, "currency": "EUR", "coupons": ["for %s"], "items": [{"id": "sku-1", "name": "gift for %s", "quantity": 1, "price": 12.5}], "search_term": "%s"},
 "properties": {"plan": "pro of %s", "note": "call %s", "card": %q, "auth": %q}}`,
		customer, now.UTC().Format(time.RFC3339), id, id, canaryEmail, canaryEmail, canaryEmail, canaryPhone, id,
		now.Add(-time.Hour).UTC().Format(time.RFC3339), now.Add(-time.Minute).UTC().Format(time.RFC3339),
		id, canaryEmail, canaryEmail, canaryEmail, canaryEmail, canaryPhone, canaryCard, canaryToken)
	return strings.ReplaceAll(text, "\n", "")
}

// canaryEvents are events of every fate. The values of those that replace
// something are what a careless producer writes there.
func canaryEvents(now time.Time) []string {
	change := func(id, from, to string) string {
		e := canaryEvent("shop", id, now)
		changed := strings.Replace(e, from, to, 1)
		if e == changed {
			panic("the change " + id + " changes nothing") // a slip in the table below
		}
		return changed
	}
	granted := `"ad_user_data": "granted"`
	all := []string{
		change("email-as-id", `"event_id": "email-as-id"`, `"event_id": "`+canaryEmail+`"`),
		change("phone-as-id", `"event_id": "phone-as-id"`, `"event_id": "`+canaryPhone+`"`),
		change("id-without-subject", `"event_id": "id-without-subject", "subject_id": "zq7xsubject-id-without-subject"`, `"event_id": "`+canaryEmail+`"`),
		change("email-as-transaction", `"transaction_id": "T-email-as-transaction"`, `"transaction_id": "`+canaryEmail+`"`),
		change("email-as-currency", `"currency": "EUR"`, `"currency": "`+canaryEmail+`"`),
		change("email-as-source", `"source": "web"`, `"source": "`+canaryEmail+`"`),
		change("email-as-traffic", `"source": "web"`, `"source": "web", "traffic": "`+canaryEmail+`"`),
		change("email-as-country", `"location": {"country": "DE"}`, `"location": {"country": "`+canaryEmail+`", "region": "`+canaryEmail+`"}`),
		change("email-as-customer", `"customer_id": "shop"`, `"customer_id": "`+canaryEmail+`"`),
		change("email-as-name", `"event_name": "transaction.purchase"`, `"event_name": "seen by `+canaryEmail+`"`),
		change("email-as-item", `"id": "sku-1"`, `"id": "`+canaryEmail+`"`),
		change("email-as-consent", granted, `"ad_user_data": "granted by `+canaryEmail+`"`),
		change("email-as-tcf", granted, granted+`, "tcf": "`+canaryEmail+`"`),
		change("email-as-gpp", granted, granted+`, "gpp": "`+canaryEmail+`"`),
		change("email-as-age-group", `"source": "web"`, `"source": "web", "age_group": "`+canaryEmail+`"`),
		change("email-as-original", `"source": "web"`, `"source": "web", "original": {"event_id": "`+canaryEmail+`", "transaction_id": "`+canaryEmail+`"}`),
		change("email-as-fbc", `fb.1.1771234567890.IwZq7xClick`, canaryEmail),
		change("denied", granted, `"ad_user_data": "denied"`),
		change("seconds", now.UTC().Format(time.RFC3339), "1971-03-29T00:00:00Z"),
	}
	held := canaryEvent("shop", "held", now)
	at := strings.Index(held, `"consent"`)
	all = append(all, held[:at]+held[strings.Index(held, `"commerce"`):])
	for i := range 12 { // some are taken, some are poison to the sandbox
		all = append(all, canaryEvent("shop", fmt.Sprintf("fine-%d", i), now))
	}
	return append(all, all[len(all)-1], canaryEvent("blocked", "blocked-1", now), canaryEvent("blocked", "blocked-2", now), canaryEvent("throttled", "throttled-1", now))
}
