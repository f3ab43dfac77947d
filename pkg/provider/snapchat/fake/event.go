package fake

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

func set(names ...string) map[string]struct{} {
	m := make(map[string]struct{}, len(names))
	for _, n := range names {
		m[n] = struct{}{}
	}
	return m
}

func in(m map[string]struct{}, s string) bool {
	_, ok := m[s]
	return ok
}

const space = " \t\r\n\v\f"

// blank reports a string that says nothing.
func blank(s string) bool { return strings.Trim(s, space) == "" }

// The action sources.
const (
	sourceWeb     = "WEB"
	sourceApp     = "MOBILE_APP"
	sourceOffline = "OFFLINE"
)

var (
	eventKeys = set("event_name", "event_time", "event_id", "action_source", "event_source_url", "user_data", "custom_data", "app_data",
		"integration", "data_processing_options", "data_processing_options_country", "data_processing_options_state")
	appKeys = set("app_id", "advertiser_tracking_enabled", "application_tracking_enabled", "extinfo", "campaign_ids", "install_referrer",
		"installer_package", "url_schemes", "windows_attribution_id")
)

// check judges one event of a request.
type check struct {
	event  jsontree.Node
	now    time.Time
	cfg    *Config
	name   string
	source string
}

// run applies the rules; the first broken one is the answer.
func (c *check) run() *Refusal {
	for _, rule := range []func() *Refusal{c.keys, c.head, c.time, c.texts, c.options, c.user, c.app, c.custom} {
		if r := rule(); r != nil {
			return r
		}
	}
	return nil
}

func (c *check) keys() *Refusal {
	if c.event.Kind != jsontree.Object {
		return bad(codeShape, "event", "must be an object")
	}
	for _, m := range c.event.Members {
		if !in(eventKeys, m.Name) {
			return bad(codeShape, short(m.Name), "is not known")
		}
		if m.Value.Kind == jsontree.Null {
			return bad(codeShape, m.Name, "must not be null")
		}
	}
	return nil
}

func (c *check) head() *Refusal {
	name, source := c.event.Get("event_name"), c.event.Get("action_source")
	if name.Kind != jsontree.String || blank(name.Text) {
		return bad(codeMissing, "event_name", "must be a string")
	}
	switch source.Text {
	case sourceWeb, sourceApp, sourceOffline:
	default:
		return bad(codeMissing, "action_source", "must be WEB, MOBILE_APP or OFFLINE")
	}
	c.name, c.source = name.Text, source.Text
	return nil
}

func (c *check) time() *Refusal {
	seconds, ok := c.event.Get("event_time").Int()
	if !ok || seconds <= 0 {
		return bad(codeTime, "event_time", "must be an integer")
	}
	if seconds > 1e11 { // milliseconds are taken too
		seconds /= 1000
	}
	limit := c.cfg.MaxAge
	if c.source == sourceOffline {
		limit = c.cfg.MaxAgeOffline
	}
	switch age := c.now.Unix() - seconds; {
	case age > int64(limit/time.Second):
		return bad(codeTime, "event_time", "is too old")
	case -age > int64(c.cfg.FutureTolerance/time.Second):
		return bad(codeTime, "event_time", "lies in the future")
	}
	return nil
}

func (c *check) texts() *Refusal {
	for _, name := range []string{"event_id", "event_source_url", "integration"} {
		if n := c.event.Get(name); n.Kind != jsontree.Absent && (n.Kind != jsontree.String || n.Text == "") {
			return bad(codeShape, name, "must be a string")
		}
	}
	page := c.event.Get("event_source_url")
	if c.source == sourceWeb && page.Kind == jsontree.Absent {
		return bad(codeMissing, "event_source_url", "is missing")
	}
	if page.Kind != jsontree.Absent {
		if u, err := url.Parse(page.Text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			return bad(codeShape, "event_source_url", "must be a URL")
		}
	}
	if n := c.event.Get("integration"); n.Kind != jsontree.Absent && !slices.Contains(c.cfg.Integrations, n.Text) {
		return bad(codeValue, "integration", "is not known")
	}
	return nil
}

// options are those of limited use of data, in either of its two names.
func (c *check) options() *Refusal {
	list := c.event.Get("data_processing_options")
	country, state := c.event.Get("data_processing_options_country"), c.event.Get("data_processing_options_state")
	if list.Kind == jsontree.Absent {
		if country.Kind != jsontree.Absent || state.Kind != jsontree.Absent {
			return bad(codeMissing, "data_processing_options", "is missing")
		}
		return nil
	}
	if list.Kind != jsontree.Array || len(list.Items) != 1 || list.Items[0].Text != "LMU" && list.Items[0].Text != "LDU" {
		return bad(codeShape, "data_processing_options", "must be LMU or LDU")
	}
	if list.Items[0].Text == "LMU" && (country.Kind != jsontree.Absent || state.Kind != jsontree.Absent) {
		return bad(codeShape, "data_processing_options", "has no country or state with LMU")
	}
	for name, allowed := range map[string][2]int64{"data_processing_options_country": {0, 1}, "data_processing_options_state": {0, 1000}} {
		if n := c.event.Get(name); n.Kind != jsontree.Absent {
			if v, ok := n.Int(); !ok || v != allowed[0] && v != allowed[1] {
				return bad(codeShape, name, "is not a known number")
			}
		}
	}
	return nil
}

// app are the rules of app_data, which app events need and others have not.
func (c *check) app() *Refusal {
	app := c.event.Get("app_data")
	if c.source != sourceApp {
		if app.Kind != jsontree.Absent {
			return bad(codeShape, "app_data", "is for apps only")
		}
		return nil
	}
	if app.Kind != jsontree.Object {
		return bad(codeMissing, "app_data", "is missing")
	}
	for _, m := range app.Members {
		if !in(appKeys, m.Name) {
			return bad(codeShape, "app_data."+short(m.Name), "is not known")
		}
	}
	if id := app.Get("app_id"); id.Kind != jsontree.String || blank(id.Text) {
		return bad(codeMissing, "app_data.app_id", "is missing")
	}
	for _, name := range []string{"advertiser_tracking_enabled", "application_tracking_enabled"} {
		if n := app.Get(name); n.Kind != jsontree.Absent && n.Text != "0" && n.Text != "1" {
			return bad(codeShape, "app_data."+name, "must be 0 or 1")
		}
	}
	if !app.Has("advertiser_tracking_enabled") {
		return bad(codeMissing, "app_data.advertiser_tracking_enabled", "is missing")
	}
	info := app.Get("extinfo")
	if info.Kind != jsontree.Array || len(info.Items) != 16 {
		return bad(codeShape, "app_data.extinfo", "must have 16 strings")
	}
	for i, item := range info.Items {
		if item.Kind != jsontree.String {
			return bad(codeShape, "app_data.extinfo."+strconv.Itoa(i), "must be a string")
		}
	}
	if v := info.Items[0].Text; v != "i2" && v != "a2" {
		return bad(codeShape, "app_data.extinfo.0", "must be i2 or a2")
	}
	return nil
}
