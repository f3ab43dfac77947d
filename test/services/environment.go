package services

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// The environment variables that name services. They do not begin with SLUICE_,
// because that is what settings of Sluice begin with.
const (
	// EnvKafka holds seed brokers, host:port, separated by commas.
	EnvKafka = "TEST_KAFKA_BROKERS"
	// EnvRegistry holds the registry's base URL, the path of its Confluent
	// compatible API included.
	EnvRegistry = "TEST_REGISTRY_URL"
	// EnvRedis holds host:port of Redis.
	EnvRedis = "TEST_REDIS_ADDRESS"
	// EnvSecureKafka holds the brokers' addresses for TLS with SASL.
	EnvSecureKafka = "TEST_KAFKA_SECURE_BROKERS"
	// EnvSecureCA holds the PEM file of the authority behind EnvSecureKafka.
	EnvSecureCA = "TEST_KAFKA_SECURE_CA"
	// EnvRoot holds the folder for downloads and running services.
	EnvRoot = "SERVICES_DIR"
)

// Addresses say where services are. An empty field is a service that is not
// there.
type Addresses struct {
	// Kafka lists the brokers, host:port, without encryption or password.
	Kafka []string `json:"kafka,omitempty"`
	// SecureKafka lists the same brokers for TLS with SASL (SCRAM-SHA-256,
	// SCRAM-SHA-512 or PLAIN); SecureCA is the PEM file of their authority.
	SecureKafka []string `json:"secure_kafka,omitempty"`
	SecureCA    string   `json:"secure_ca,omitempty"`
	// Registry is the base URL of the Confluent compatible API.
	Registry string `json:"registry,omitempty"`
	// Redis is the server that was the primary at the start; with sentinels
	// [Set.RedisPrimary] says which one is now.
	Redis string `json:"redis,omitempty"`
	// Sentinels list host:port of each; they call the primary [SentinelMaster].
	Sentinels []string `json:"sentinels,omitempty"`
}

// SentinelMaster is the name under which sentinels know the primary.
const SentinelMaster = "sluice"

// FromEnvironment reads addresses of services that somebody else started. It
// reports false where none of Kafka, registry and Redis is named. Naming only
// some of the three is an error: a test would mix real and embedded services
// without anybody having asked for it.
func FromEnvironment(getenv func(string) string) (Addresses, bool, error) {
	a := Addresses{
		Kafka: list(getenv(EnvKafka)), Registry: getenv(EnvRegistry), Redis: getenv(EnvRedis),
		SecureKafka: list(getenv(EnvSecureKafka)), SecureCA: getenv(EnvSecureCA),
	}
	given := 0
	for _, present := range []bool{len(a.Kafka) > 0, a.Registry != "", a.Redis != ""} {
		if present {
			given++
		}
	}
	if given == 0 {
		return Addresses{}, false, nil
	}
	if given < 3 {
		return Addresses{}, false, fmt.Errorf("reading the environment: set all of %s, %s and %s, or none", EnvKafka, EnvRegistry, EnvRedis)
	}
	for _, address := range append(append(append([]string{}, a.Kafka...), a.SecureKafka...), a.Redis) {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return Addresses{}, false, fmt.Errorf("reading the environment: address %q is not host:port: %w", address, err)
		}
	}
	return a, true, nil
}

func list(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// Environ gives the addresses as environment variables, NAME=value, in a
// stable order.
func (a Addresses) Environ() []string {
	var all []string
	for _, v := range [][2]string{
		{EnvKafka, strings.Join(a.Kafka, ",")}, {EnvRegistry, a.Registry}, {EnvRedis, a.Redis},
		{EnvSecureKafka, strings.Join(a.SecureKafka, ",")}, {EnvSecureCA, a.SecureCA},
	} {
		if v[1] != "" {
			all = append(all, v[0]+"="+v[1])
		}
	}
	return all
}

// Root is the folder for downloads and running services: $SERVICES_DIR, else
// a folder in the user's cache. It is outside the source tree, so that a fresh
// clone finds what an earlier one downloaded.
func Root(getenv func(string) string) string {
	if dir := getenv(EnvRoot); dir != "" {
		return dir
	}
	base, err := os.UserCacheDir()
	if err != nil {
		// No home folder, as for a service account.
		base = os.TempDir()
	}
	return filepath.Join(base, "sluice-services")
}
