package config

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// Default is the configuration of an installation that sets nothing: every
// service on loopback, as docker-compose.yml starts them.
func Default() Config {
	return Config{
		Kafka:     Kafka{Brokers: []string{"127.0.0.1:9092"}, ClientID: "sluice", Compression: "snappy", InputMaxBytes: 1048588},
		Registry:  Registry{URL: "http://127.0.0.1:8081", Timeout: Duration(5 * time.Second)},
		Redis:     Redis{Address: "127.0.0.1:6379", Timeout: Duration(time.Second)},
		Topics:    Topics{Prefix: "sluice", Input: "analytics.events"},
		Customers: resource.Customers{Secrets: resource.SecretsFolderOrPrefix},
		Input:     Input{Format: "avro"},
		Router: Router{
			Group: "sluice-router", Sessions: 2, Start: "earliest",
			Batch: Batch{Records: 5000, Bytes: 8 << 20, Wait: Duration(20 * time.Millisecond)},
			Hold:  Hold{After: Duration(30 * time.Second), Group: "sluice-hold"},
		},
		Sender: Sender{
			Group: "sluice-sender", SecretsDir: "/etc/sluice/secrets", Window: 64 << 20, InFlight: 4,
			Lanes: Lanes{Realtime: Duration(200 * time.Millisecond), Batch: Duration(time.Minute), ReplayShare: 0.2},
		},
		Consent:     Consent{History: Duration(21 * 24 * time.Hour), Load: "whole"},
		Dedup:       Dedup{OnUnavailable: "pause"},
		Diagnostics: Diagnostics{Unmapped: "count", SampleRate: 0.01},
		Admin:       Admin{Listen: "127.0.0.1:9464"},
		Telemetry: Telemetry{
			Log:    Log{Level: "info", Format: "json"},
			OTLP:   OTLP{Interval: Duration(30 * time.Second)},
			Traces: Traces{Ratio: 0.001},
		},
		Shutdown: Shutdown{Drain: Duration(30 * time.Second)},
	}
}

// defaultProvider is what an entry of sender.providers starts from.
func defaultProvider() Provider { return Provider{Timeout: Duration(30 * time.Second)} }

// Provider gives the settings of one provider, whether it is named in the
// configuration or not.
func (s Sender) Provider(name string) Provider {
	if p, ok := s.Providers[name]; ok {
		return p
	}
	return defaultProvider()
}
