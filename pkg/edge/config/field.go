package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is one setting: a leaf of Config with what its tags declare.
type field struct {
	path  string
	tag   reflect.StructTag
	value reflect.Value
}

// fields lists every setting of c in the order of the structs. Entries of
// maps come in the order of their names.
func fields(c *Config) []field {
	var list []field
	collect(reflect.ValueOf(c).Elem(), "", &list)
	return list
}

func collect(v reflect.Value, path string, list *[]field) {
	for i := range v.NumField() {
		info := v.Type().Field(i)
		child := join(path, info.Tag.Get("yaml"))
		switch at := v.Field(i); {
		case isSection(info.Type):
			collect(at, child, list)
		case info.Type.Kind() == reflect.Map:
			for _, key := range sortedKeys(at) {
				// Entries of maps cannot be set in place; a copy is enough to
				// read and validate.
				entry := reflect.New(info.Type.Elem()).Elem()
				entry.Set(at.MapIndex(reflect.ValueOf(key)))
				collect(entry, join(child, key), list)
			}
		default:
			*list = append(*list, field{path: child, tag: info.Tag, value: at})
		}
	}
}

func sortedKeys(m reflect.Value) []string {
	var keys []string
	for _, k := range m.MapKeys() {
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	return keys
}

// isSection reports whether a type is a group of settings and not a value.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[Secret]()
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// set parses text into v. Lists are separated by commas. literal permits a
// secret's value instead of a reference.
func set(v reflect.Value, text string, literal bool) error {
	switch target := v.Addr().Interface().(type) {
	case *Duration:
		d, err := ParseDuration(text)
		*target = d
		return err
	case *Bytes:
		b, err := ParseBytes(text)
		*target = b
		return err
	case *Secret:
		return setSecret(target, text, literal)
	case *[]string:
		*target = nil
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*target = append(*target, part)
			}
		}
	case *string:
		*target = text
	case *bool:
		if text != "true" && text != "false" {
			return errors.New("want true or false")
		}
		*target = text == "true"
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("want a whole number")
		}
		*target = n
	case *float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("want a number")
		}
		*target = f
	default:
		return fmt.Errorf("settings of type %s are not supported", v.Type())
	}
	return nil
}

func setSecret(target *Secret, text string, literal bool) error {
	s, err := Reference(text)
	switch {
	case text == "":
		*target = Secret{}
		return nil
	case err == nil:
		*target = s
		return nil
	case literal:
		*target = Literal(text)
		return nil
	default:
		return err
	}
}

// show gives the text of a value for messages, without secrets.
func show(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case []string:
		return strings.Join(value, ",")
	case fmt.Stringer:
		return value.String()
	default:
		return fmt.Sprint(value)
	}
}
