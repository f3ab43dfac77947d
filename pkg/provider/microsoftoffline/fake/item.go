package fake

import (
	"regexp"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/shape"
)

const (
	// window is how long after a click, or a conversion, the service takes more.
	window = 90 * 24 * time.Hour
	// goalAge is how old a goal has to be.
	goalAge = 2 * time.Hour
)

var (
	clickForm  = regexp.MustCompile(`^[0-9a-f]{32}$`)
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

const (
	zeroClick = "00000000000000000000000000000000"
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// instant is a time of the wire: what is none cannot be read at all.
var instant = shape.Ruled("must be a date and time in UTC", func(s string) bool { _, err := time.Parse("2006-01-02T15:04:05Z", s); return err == nil })

// operation is one of the three lists that are applied.
type operation struct {
	list   string
	item   shape.Shape
	adjust bool
	online bool
}

var operations = map[string]*operation{
	"OfflineConversions/Apply": {list: "OfflineConversions", item: shape.Object(map[string]shape.Shape{
		"MicrosoftClickId": shape.Text, "HashedEmailAddress": shape.Text, "HashedPhoneNumber": shape.Text,
		"ConversionName": shape.Text, "ConversionTime": instant, "ConversionValue": shape.Number, "ConversionCurrencyCode": shape.Text,
		"ExternalAttributionCredit": shape.Number, "ExternalAttributionModel": shape.Text,
	})},
	"OfflineConversionAdjustments/Apply": {list: "OfflineConversionAdjustments", adjust: true, item: shape.Object(map[string]shape.Shape{
		"MicrosoftClickId": shape.Text, "HashedEmailAddress": shape.Text, "HashedPhoneNumber": shape.Text,
		"ConversionName": shape.Text, "ConversionTime": instant, "AdjustmentType": shape.Text, "AdjustmentTime": instant,
		"AdjustmentValue": shape.Number, "AdjustmentCurrencyCode": shape.Text,
	})},
	"OnlineConversionAdjustments/Apply": {list: "OnlineConversionAdjustments", adjust: true, online: true, item: shape.Object(map[string]shape.Shape{
		"TransactionId": shape.Text, "ConversionName": shape.Text, "AdjustmentType": shape.Text, "AdjustmentTime": instant,
		"AdjustmentValue": shape.Number, "AdjustmentCurrencyCode": shape.Text,
	})},
}

// check judges one item; a rule gives the code of what is wrong, zero where
// nothing is.
type check struct {
	op    *operation
	item  jsontree.Node
	goals map[string]Goal
	now   time.Time
}

func (c *check) run() int {
	rules := []func() int{c.person, c.goal, c.moment, c.money}
	if c.op.adjust {
		rules = append(rules, c.adjustment)
	}
	for _, rule := range rules {
		if code := rule(); code != 0 {
			return code
		}
	}
	return 0
}

func (c *check) text(name string) string { return c.item.Get(name).Text }

// person wants a click id, or hashes in its place.
func (c *check) person() int {
	if c.op.online {
		if c.text("TransactionId") == "" {
			return codeClickMissing
		}
		return 0
	}
	click, hashes := c.text("MicrosoftClickId"), 0
	for _, name := range []string{"HashedEmailAddress", "HashedPhoneNumber"} {
		if !c.item.Has(name) {
			continue
		}
		if digest := c.text(name); !digestForm.MatchString(digest) || digest == emptyHash {
			return codeClickInvalid
		}
		hashes++
	}
	switch {
	case click == "" && hashes == 0:
		return codeClickMissing
	case c.item.Has("MicrosoftClickId") && (!clickForm.MatchString(click) || click == zeroClick):
		return codeClickInvalid
	}
	return 0
}

func (c *check) goal() int {
	name := c.text("ConversionName")
	if name == "" {
		return codeNameMissing
	}
	if c.goals == nil {
		return 0
	}
	g, known := c.goals[name]
	switch {
	case !known:
		return codeNameInvalid
	case c.now.Sub(g.Created) < goalAge:
		return codeYoung
	case c.op.adjust && g.NoAdjustments:
		return codeNoAdjustments
	}
	return 0
}

// at gives a time of the item.
func (c *check) at(name string) (time.Time, bool) {
	t, err := time.Parse("2006-01-02T15:04:05Z", c.text(name))
	return t, err == nil
}

func (c *check) moment() int {
	if c.op.online {
		return 0
	}
	at, ok := c.at("ConversionTime")
	switch {
	case !ok:
		return codeTimeMissing
	case at.After(c.now):
		return codeFuture
	case at.Before(c.now.Add(-window)):
		return codeTimeOut
	}
	return 0
}

func (c *check) money() int {
	value, code := "ConversionValue", "ConversionCurrencyCode"
	if c.op.adjust {
		value, code = "AdjustmentValue", "AdjustmentCurrencyCode"
	}
	v, given := c.item.Get(value).Float()
	switch {
	case given && v < 0:
		return codeValue
	case c.item.Has(code) && !currency.Known(c.text(code)):
		return codeCurrency
	case c.item.Has(code) && !given:
		return codeCurrencyAlone
	}
	return 0
}

func (c *check) adjustment() int {
	at, ok := c.at("AdjustmentTime")
	original, _ := c.at("ConversionTime")
	kind, valued := c.text("AdjustmentType"), c.item.Has("AdjustmentValue")
	switch {
	case kind != "Restate" && kind != "Retract":
		return codeAdjustmentType
	case !ok:
		return codeAdjustmentMissing
	case !c.op.online && at.Before(original):
		return codeAdjustmentEarly
	case at.After(c.now):
		return codeAdjustmentFuture
	case at.Before(c.now.Add(-window)):
		return codeAdjustmentOut
	case kind == "Retract" && valued:
		return codeAdjustmentValue
	case kind == "Restate" && !valued:
		return codeAdjustmentNoValue
	}
	return 0
}

// identify names an item by what the service tells repeats apart by: click or
// person, time and goal. Adjustments are versions of their conversion.
func (c *check) identify(account string) ledger.Event {
	who := c.text("MicrosoftClickId") + c.text("TransactionId")
	if who == "" {
		who = c.text("HashedEmailAddress") + "+" + c.text("HashedPhoneNumber")
	}
	id := who + "@" + c.text("ConversionTime")
	version := ""
	if c.op.adjust {
		version = c.text("AdjustmentType") + " " + c.text("AdjustmentTime") + " " + c.text("AdjustmentValue")
	}
	return ledger.Event{Destination: account, Target: c.text("ConversionName"), ID: id, Version: version}
}
