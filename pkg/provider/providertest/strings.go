package providertest

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// personal are values that may leave in no member of a payload, each of another
// kind of what identity.LookID finds.
var personal = []string{
	"canary.jane@mail.example", "+4915123456789", "4111111111111111", "DE89370400440532013000",
	"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "order-RSSMRA85T10A562S-1",
}

// everyString puts each of them into every string of the event, one at a time: a
// provider that forgets to judge one, such as the user agent or a click id, lets
// it through in clear.
func (b *bench) everyString(t *testing.T) {
	sample := filled(b)
	var paths []string
	walk(reflect.ValueOf(sample).Elem(), "", func(path string, _ reflect.Value) { paths = append(paths, path) })
	holds(t, len(paths) > 80, "only %d strings of the event are tried", len(paths))
	var leaks []string
	for _, want := range paths {
		for _, value := range personal {
			in := b.input()
			in.Event = filled(b)
			b.openAll(t, in.Route)
			walk(reflect.ValueOf(in.Event).Elem(), "", func(path string, v reflect.Value) {
				if path == want {
					set(v, value)
				}
			})
			in.EventID, in.EventIDSource = in.Event.EffectiveID()
			out := provider.Build(nil, &in)
			if strings.Contains(string(out.Fragment), value) && !ownNumber(b.f, want, value) {
				leaks = append(leaks, want+": "+value)
			}
			absent(t, out.Detail+fmt.Sprint(out.Identifiers), value, want+" stands in the report")
		}
	}
	holds(t, len(leaks) == 0, "these leave in clear; judge them with identity.LookID or payload.Writer:\n%s", strings.Join(leaks, "\n"))
}

// ownNumber reports that the fixture calls a member a number of the provider's
// own, and value is a number.
func ownNumber(f *Fixture, path, value string) bool {
	_, err := strconv.ParseInt(value, 10, 64)
	if err != nil || value[0] == '+' {
		return false
	}
	for _, own := range f.OwnNumbers {
		if own == path {
			return true
		}
	}
	return false
}

// filled is the canary event with one entry in each of its lists.
func filled(b *bench) *event.Event {
	e := Canary()
	if b.f.Change != nil {
		b.f.Change(e)
	}
	raw := identity.NewRaw
	e.Identity.LoginIDs = []event.NamedRaw{{Name: "facebook", Value: raw("123456")}}
	e.Click.Other = []event.NamedRaw{{Name: "ttclid", Value: raw("E.C.P.x")}, {Name: "_ttp", Value: raw("2J3kAbCdEf")}}
	e.Click.Ttclid, e.Click.Ttp, e.Click.Scid = raw("E.C.P.x"), raw("2J3kAbCdEf"), raw("a4Bc5-scid")
	e.Click.Sccid, e.Click.Epik, e.Click.Twclid = raw("a4Bc5sccid"), raw("dj0yJnU9epik"), raw("2-4w9twclid")
	e.Click.RdtCid, e.Click.RdtUUID = raw("4815162342rdtcid"), raw("1795251600000.6f1c2d3e-4b5a-4c6d-8e7f-001122334455")
	e.Click.LiFatID, e.Click.Msclkid, e.Click.Uetvid = raw("6f1c2d3e-4b5a-4c6d-8e7f-001122334455"), raw("f894f652ea334e739002f7167ab8f8e3"), raw("f894f652ea334e739002f7167ab8f8e4")
	e.Commerce.Coupons = []string{"AUTUMN"}
	return e
}

// walk visits every string and personal value of v; what says where an event was
// read from, what was noted and what consent is are no content.
func walk(v reflect.Value, path string, visit func(path string, v reflect.Value)) {
	switch {
	case v.Type() == reflect.TypeFor[identity.Raw](), v.Kind() == reflect.String:
		visit(path, v)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			switch name {
			case "Origin", "Notes", "Consent", "CustomerID", "Location":
				continue
			}
			walk(v.Field(i), strings.TrimPrefix(path+"."+name, "."), visit)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), path+"["+strconv.Itoa(i)+"]", visit)
		}
	}
}

// set puts text into a string or a personal value.
func set(v reflect.Value, text string) {
	if v.Kind() == reflect.String {
		v.SetString(text)
		return
	}
	v.Set(reflect.ValueOf(identity.NewRaw(text)))
}
