// Command embedded runs Kafka with an empty analytics topic, a Schema Registry
// and Redis in this process, prints their addresses as one line of JSON, and
// ends when its standard input does. The tests of deployments start the
// commands of compose and chart against it as plain processes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "embedded: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	services, err := embedded.Start(ctx, embedded.Config{Topics: []embedded.Topic{{Name: "analytics.events", Partitions: 6}}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, services.Close()) }()
	if err := json.NewEncoder(out).Encode(map[string]string{
		"kafka": services.Kafka().Brokers[0], "registry": services.RegistryURL(), "redis": services.RedisOptions().Addr,
	}); err != nil {
		return fmt.Errorf("writing addresses: %w", err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return fmt.Errorf("waiting for the end: %w", err)
	}
	return nil
}
