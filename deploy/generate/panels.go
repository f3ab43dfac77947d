package main

import (
	"encoding/json"
	"fmt"
)

// dashboard is a Grafana dashboard, as far as ours go: rows of panels, each
// with one question as its title and one sentence what to do about it.
type dashboard struct {
	UID, Title, Description string
	Variables               []variable
	Rows                    []section
}

// variable is a choice at the top of a dashboard.
type variable struct{ Name, Label, Query string }

type section struct {
	Title  string
	Panels []panel
}

// panel is one graph or number.
type panel struct {
	Title string
	// Why says what a reader learns, and what to do when it looks wrong.
	Why string
	// None is what it means that nothing is there, where a healthy pipeline has
	// nothing; shown instead of "No data", which reads like a fault.
	None string
	Kind string // timeseries, stat, table
	Unit string // s, short, percentunit, bytes, reqps
	// Targets are queries with their legends.
	Targets []target
	Width   int // of 24; default 12
	Stack   bool
	// Bad colours a number from this value on; 0: none.
	Bad float64
}

type target struct{ Query, Legend string }

const panelHeight = 8

// render writes the JSON that Grafana imports.
func (d dashboard) render(string) ([]byte, error) {
	var panels []any
	y := 0
	id := 1
	for _, r := range d.Rows {
		panels = append(panels, map[string]any{"id": id, "type": "row", "title": r.Title, "collapsed": false, "panels": []any{}, "gridPos": grid(0, y, 24, 1)})
		id++
		y++
		x := 0
		for _, p := range r.Panels {
			width := p.Width
			if width == 0 {
				width = 12
			}
			if x+width > 24 {
				x, y = 0, y+panelHeight
			}
			panels = append(panels, p.json(id, grid(x, y, width, panelHeight)))
			id++
			x += width
		}
		y += panelHeight
	}
	text, err := json.MarshalIndent(map[string]any{
		"uid": d.UID, "title": d.Title, "description": d.Description + " Made by `make generate`; change deploy/generate.",
		"tags": []string{"sluice"}, "timezone": "browser", "editable": true, "graphTooltip": 1, "schemaVersion": 39,
		"refresh": "30s", "time": map[string]any{"from": "now-3h", "to": "now"},
		"templating": map[string]any{"list": d.variables()}, "panels": panels,
		"links": []any{map[string]any{"type": "dashboards", "title": "Sluice", "tags": []string{"sluice"}, "asDropdown": false, "keepTime": true}},
	}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing dashboard %s: %w", d.UID, err)
	}
	return append(text, '\n'), nil
}

func grid(x, y, w, h int) map[string]int { return map[string]int{"x": x, "y": y, "w": w, "h": h} }

func (d dashboard) variables() []any {
	all := []any{map[string]any{"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus"}}
	for _, v := range d.Variables {
		all = append(all, map[string]any{
			"type": "query", "name": v.Name, "label": v.Label, "datasource": source(), "refresh": 2, "sort": 1,
			"includeAll": true, "multi": true, "allValue": ".*", "current": map[string]any{"text": "All", "value": []string{"$__all"}},
			"query": map[string]any{"query": v.Query, "refId": v.Name},
		})
	}
	return all
}

func source() map[string]string {
	return map[string]string{"type": "prometheus", "uid": "${datasource}"}
}

func (p panel) json(id int, at map[string]int) map[string]any {
	var targets []any
	for i, t := range p.Targets {
		targets = append(targets, map[string]any{
			"refId": string(rune('A' + i)), "expr": t.Query, "legendFormat": t.Legend, "datasource": source(),
			"instant": p.Kind == "table", "range": p.Kind != "table", "format": map[bool]string{true: "table", false: "time_series"}[p.Kind == "table"],
		})
	}
	custom := map[string]any{}
	options := map[string]any{}
	switch p.Kind {
	case "timeseries":
		custom = map[string]any{"fillOpacity": 10, "showPoints": "never"}
		if p.Stack {
			custom = map[string]any{"fillOpacity": 60, "showPoints": "never", "stacking": map[string]any{"mode": "normal"}}
		}
		options = map[string]any{"legend": map[string]any{"displayMode": "table", "placement": "bottom", "calcs": []string{"lastNotNull"}}, "tooltip": map[string]any{"mode": "multi", "sort": "desc"}}
	case "stat":
		options = map[string]any{"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}}, "colorMode": "background", "graphMode": "area"}
	}
	steps := []any{map[string]any{"color": "green", "value": nil}}
	if p.Bad > 0 {
		steps = append(steps, map[string]any{"color": "red", "value": p.Bad})
	}
	defaults := map[string]any{"unit": p.Unit, "custom": custom, "thresholds": map[string]any{"mode": "absolute", "steps": steps}}
	if p.None != "" {
		defaults["noValue"] = p.None
	}
	return map[string]any{
		"id": id, "type": p.Kind, "title": p.Title, "description": p.Why, "datasource": source(), "gridPos": at, "targets": targets, "options": options,
		"fieldConfig": map[string]any{"overrides": []any{}, "defaults": defaults},
	}
}
