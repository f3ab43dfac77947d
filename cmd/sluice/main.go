// Command sluice routes selected conversion signals from an analytics stream
// to the advertising destinations that its customers own. One binary has every
// role; see sluice help.
package main

import (
	"context"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
)

// version is set by the linker; see the Makefile.
var version = "dev"

// quiet takes what the Redis client would write to standard error past every
// logger. Each error is returned as well, and told by whoever asked.
type quiet struct{}

// Printf implements the client's logger.
func (quiet) Printf(context.Context, string, ...any) {}

func main() {
	redis.SetLogger(quiet{})
	os.Exit(cli.Main(context.Background(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Alone: true}, version, os.Args[1:], os.Environ()))
}
