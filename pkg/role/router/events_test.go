package router_test

import (
	"fmt"
	"strings"
	"time"
)

// applied parts resources into those of successive runs of apply, which
// removes nothing: one mapping's name may then stand at two destinations.
const applied = "# applied\n"

// destination is one Meta destination of acme that is ready to be sent to.
func destination(id string, more ...string) string {
	return fmt.Sprintf(`---
apiVersion: sluice/v1
kind: Destination
metadata: {name: %s, customer: acme}
spec:
  provider: meta
  active: true
  account: {dataset_id: "1234567890"}
  secret: file:acme-meta.json
  terms: {accepted_by: dpo, accepted_at: 2026-01-01}
%s`, id, lines(more))
}

// mapping maps an event at a destination to a provider event.
func mapping(name, destination, sourceEvent, providerEvent string, more ...string) string {
	return fmt.Sprintf(`---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: %s}
spec:
  destination: %s
  event: %s
  provider_event: %s
  lane: realtime
%s`, name, destination, sourceEvent, providerEvent, lines(more))
}

func lines(more []string) string {
	var b strings.Builder
	for _, line := range more {
		b.WriteString("  " + line + "\n")
	}
	return b.String()
}

// purchase is an event of acme with everything that Meta needs; changes are
// members that replace or add to it.
func purchase(id string, changes ...string) string {
	members := []string{
		`"customer_id":"acme"`, `"event_name":"order"`, fmt.Sprintf(`"event_time":%d`, start.Add(-5*time.Second).UnixMilli()),
		`"event_id":"` + id + `"`, `"subject_id":"s-` + id + `"`, `"source":"web"`,
		`"page":{"url":"https://shop.example/thanks"}`, `"device":{"user_agent":"Mozilla/5.0 (X11)"}`, `"location":{"country":"DE"}`,
		`"identity":{"emails":["` + id + `@x.example"]}`,
		`"consent":{"ad_storage":"granted","ad_user_data":"granted","ad_personalization":"granted"}`,
		`"commerce":{"value":10.5,"currency":"EUR"}`,
	}
	for _, change := range changes {
		key, _, _ := strings.Cut(change, ":")
		found := false
		for i, m := range members {
			if strings.HasPrefix(m, key+":") {
				members[i], found = change, true
			}
		}
		if !found {
			members = append(members, change)
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// transaction sets the transaction id of a purchase.
func transaction(id string) string {
	return `"commerce":{"value":10.5,"currency":"EUR","transaction_id":"` + id + `"}`
}
