package identity_test

import (
	"testing"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// usual are texts of ordinary events, by the rule that judges them.
var usual = []struct {
	name, text string
	rule       func(string) identity.Suspect
}{
	{"event id", "8f2c41d09be3a675-00000042", identity.LookID},
	{"order id", "ORDER-1001", identity.LookID},
	{"UUID", "550e8400-e29b-41d4-a716-446655440000", identity.LookID},
	{"click id", "Cj0KCQiAinventedBwMxAhDnARIsAKdTkqJ7LxWb0Yv2uQeZsNhG4rXcP1oMfDtV5aBiHjKlOpRsTuVwXyZ3EALw_wcB", identity.LookID},
	{"user agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", identity.LookID},
	{"name of an article", "Kettle, stainless steel, 1.7 l", identity.Look},
	{"search term", "blue kettle", identity.Look},
	{"campaign", "autumn_sale_2026", identity.Look},
	{"accents", "Théière émaillée 1,2 l", identity.Look},
}

func BenchmarkUsual(b *testing.B) {
	for _, u := range usual {
		b.Run(u.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				u.rule(u.text)
			}
		})
	}
}
