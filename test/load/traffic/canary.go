package traffic

import (
	"bytes"
	"fmt"
)

// Personal data of made people. Each is distinctive enough to be found in any
// bytes.
const (
	canaryName  = "Zq7xWilhelmine"
	canaryPhone = "+49 1512 3489754"
)

func canaryEmail(n int) string { return fmt.Sprintf("canary.zq7x.%d@mail.example.com", n) }

// sealed may stand in the input topic and nowhere else: the hold topic and the
// dead letters of events have it behind a key.
var sealed = []string{"canary.zq7x", "15123489754", "1512 3489754", "zq7xwilhelmine", "zq7xcrm"}

// carried may also stand where a delivery or its key does.
var carried = []string{"81.2.69.177", "zq7xsubject", "mozilla/5.0"}

// secret stands nowhere at all.
var secret = []string{"zq7xtoken", "zq7xsecret", "zq7xrefresh", "zq7xprivacy", "zq7xerase"}

// InRequest names a canary that a provider must never receive; empty: none.
func InRequest(body []byte) string { return find(body, sealed, secret) }

// InDelivery names a canary that no delivery, key or header of one may hold.
func InDelivery(b []byte) string { return find(b, sealed, secret) }

// Anywhere names a canary that logs, metrics, diagnostics and everything else
// must not hold.
func Anywhere(b []byte) string { return find(b, sealed, carried, secret) }

func find(b []byte, lists ...[]string) string {
	lower := bytes.ToLower(b)
	for _, list := range lists {
		for _, word := range list {
			if bytes.Contains(lower, []byte(word)) {
				return word
			}
		}
	}
	return ""
}
