package fake

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

const rulePrefix = "urn:lla:llaPartnerConversion:"

// oldest is how old a conversion may be.
const oldest = 90 * day

// judge looks at all events of a request: first their form, whose errors name
// every bad one, then times, then the rules that they name. Any one refuses all.
func (s *Service) judge(req call.Request, account string, version int, events []jsontree.Node, batch bool) *Refusal {
	var lines strings.Builder
	seen := make(map[ledger.Event]bool, len(events))
	for i, e := range events {
		c := check{version: version}
		c.event(e)
		id := s.identify(e)
		if e.Has("eventId") && seen[id] {
			c.refuse("/eventId", "came twice in this request")
		}
		seen[id] = true
		if len(c.lines) == 0 && req.Poison != nil && req.Poison(id.ID) {
			c.refuse("/eventId", "is not acceptable")
		}
		for n, line := range c.lines {
			if batch && n == 0 {
				lines.WriteString("Index: " + strconv.Itoa(i) + ", ")
			}
			lines.WriteString(line + "\n")
		}
		if len(c.lines) > 0 {
			s.ledger.Refuse(id, c.reason)
		}
	}
	if lines.Len() > 0 {
		return &Refusal{Status: http.StatusUnprocessableEntity, Message: lines.String()}
	}
	if r := s.times(req.Now, events); r != nil {
		return r
	}
	return s.rules(account, events)
}

func (s *Service) times(now time.Time, events []jsontree.Node) *Refusal {
	var bad []string
	for i, e := range events {
		ms, _ := e.Get("conversionHappenedAt").Int() // judged before
		if at := time.UnixMilli(ms); at.After(now) || now.Sub(at) > oldest {
			bad = append(bad, strconv.Itoa(i))
			s.ledger.Refuse(s.identify(e), "time")
		}
	}
	if bad == nil {
		return nil
	}
	return &Refusal{
		Status:  http.StatusBadRequest,
		Message: fmt.Sprintf("Conversion time should be within 90 days and not exceed current time, indices [%s] (0-indexed).", strings.Join(bad, ", ")),
	}
}

// rules refuses rules that do not exist, are another account's or of another
// method. That of a method names the events, and means the rule all the same.
func (s *Service) rules(account string, events []jsontree.Node) *Refusal {
	if len(s.cfg.Accounts) == 0 {
		return nil
	}
	var other []string
	for i, e := range events {
		rule, known := s.cfg.Rules[ruleOf(e)]
		switch {
		case !known || account != "" && rule.Account != account:
			return &Refusal{Status: http.StatusForbidden, Code: "ACCESS_DENIED", Service: 100, Message: "No ad accounts found"}
		case rule.Method != "" && rule.Method != "CONVERSIONS_API":
			other = append(other, strconv.Itoa(i))
		}
	}
	if other == nil {
		return nil
	}
	return &Refusal{
		Status:  http.StatusBadRequest,
		Message: fmt.Sprintf("Incorrect conversions information provided. Conversion's method should be CONVERSIONS_API, indices [%s] (0-indexed)", strings.Join(other, ", ")),
	}
}

func ruleOf(e jsontree.Node) string { return strings.TrimPrefix(e.Get("conversion").Text, rulePrefix) }

// identify names the event as LinkedIn does, by rule and event id; the
// destination is the ad account, or the rule where no accounts are registered.
func (s *Service) identify(e jsontree.Node) ledger.Event {
	rule := ruleOf(e)
	return s.Event(s.accountOf(rule), rule, e.Get("eventId").Text)
}

func (s *Service) accountOf(rule string) string {
	if r, known := s.cfg.Rules[rule]; known {
		return r.Account
	}
	return rule
}

// rule answers a question about one rule.
func (s *Service) rule(req call.Request, account, id string) call.Answer {
	asked, ok := strings.CutPrefix(req.Query.Get("account"), "urn:li:sponsoredAccount:")
	if !ok || !digits(asked) || !digits(id) {
		return s.reply(&Refusal{Status: http.StatusBadRequest, Code: "ILLEGAL_ARGUMENT", Message: "account must be a URN and the rule a number"})
	}
	rule, known := s.cfg.Rules[id]
	if len(s.cfg.Accounts) == 0 {
		rule, known = Rule{Account: asked}, true
	}
	switch {
	case account != "" && account != asked:
		return s.reply(&Refusal{Status: http.StatusForbidden, Code: "ACCESS_DENIED", Service: 100, Message: "Not enough permissions to access: conversions.GET"})
	case !known || rule.Account != asked:
		return s.reply(&Refusal{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "No conversion found"})
	}
	method, kind := rule.Method, rule.Type
	if method == "" {
		method = "CONVERSIONS_API"
	}
	if kind == "" {
		kind = "OTHER"
	}
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return s.reply(&Refusal{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "No conversion found"})
	}
	return s.answer(http.StatusOK, map[string]any{
		"id": number, "account": "urn:li:sponsoredAccount:" + asked, "conversionMethod": method, "type": kind, "enabled": !rule.Disabled,
	})
}
