package config

import (
	"net"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// examples are addresses as they usually look, for settings whose value says
// too little to build one from.
var examples = map[string]string{
	"kafka.brokers":           "kafka-0.example:9092",
	"redis.address":           "redis.example:6379",
	"registry.url":            "http://registry.example:8081",
	"telemetry.otlp.endpoint": "http://otel-collector.example:4318",
	"admin.listen":            "127.0.0.1:9464",
}

// address is a rule whose fix shows an address as its author probably meant
// it: with the scheme or the port that is missing.
func address(rule, must, fix string, ok func(string) bool) document.Rule {
	return document.Rule{Must: must, Fix: fix, OK: ok, Mend: func(path, value string) string {
		if presentable(value) == value {
			for _, guess := range guesses(path, value, rule) {
				if guess != "" && ok(guess) {
					return "write it as " + guess
				}
			}
		}
		if example, known := examples[strings.TrimRight(path, "[]0123456789")]; known {
			return "write it as " + example
		}
		return fix
	}}
}

// guesses are what a refused address may have been meant as, the likeliest
// first.
func guesses(path, value, rule string) []string {
	value = strings.TrimSpace(value)
	_, bare, hasScheme := strings.Cut(value, "://")
	if !hasScheme {
		bare = value
	}
	if bare == "" {
		return nil
	}
	switch rule {
	case "url":
		return []string{"http://" + bare}
	case "hostport":
		bare = strings.TrimRight(bare, "/")
		_, port, _ := net.SplitHostPort(examples[strings.TrimRight(path, "[]0123456789")])
		return []string{bare, strings.TrimRight(bare, ":") + ":" + port}
	case "listen":
		return []string{bare, "127.0.0.1:" + strings.TrimLeft(bare, ":")}
	}
	return nil
}
