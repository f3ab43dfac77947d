package config

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// Print writes a configuration as YAML that Load reads again, secrets masked.
// With comments, each setting carries what it means.
func Print(w io.Writer, c Config, comments bool) error {
	p := &printer{comments: comments}
	p.section(reflect.ValueOf(c), 0)
	_, err := io.WriteString(w, p.text.String())
	if err != nil {
		return fmt.Errorf("printing the configuration: %w", err)
	}
	return nil
}

type printer struct {
	text     strings.Builder
	comments bool
}

func (p *printer) section(v reflect.Value, depth int) {
	for i := range v.NumField() {
		info := v.Type().Field(i)
		p.comment(depth, info.Tag.Get("doc"))
		p.entry(info.Tag.Get("yaml"), v.Field(i), depth)
	}
}

func (p *printer) comment(depth int, text string) {
	if p.comments {
		p.line(depth, "# "+text)
	}
}

func (p *printer) line(depth int, text string) {
	p.text.WriteString(strings.Repeat("  ", depth) + text + "\n")
}

func (p *printer) entry(key string, v reflect.Value, depth int) {
	switch {
	case isSection(v.Type()):
		p.line(depth, key+":")
		p.section(v, depth+1)
	case v.Kind() == reflect.Map && v.Len() == 0:
		p.line(depth, key+": {}")
	case v.Kind() == reflect.Map:
		p.line(depth, key+":")
		for _, name := range sortedKeys(v) {
			p.line(depth+1, name+":")
			p.section(v.MapIndex(reflect.ValueOf(name)), depth+2)
		}
	case v.Kind() == reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = strconv.Quote(v.Index(i).String())
		}
		p.line(depth, key+": ["+strings.Join(items, ", ")+"]")
	default:
		p.line(depth, key+": "+scalarYAML(v))
	}
}

// scalarYAML quotes every text: a host name such as `no` is a boolean to some
// readers of YAML.
func scalarYAML(v reflect.Value) string {
	switch v.Interface().(type) {
	case bool, int, float64, Duration, Bytes:
		return show(v)
	default:
		return strconv.Quote(show(v))
	}
}
