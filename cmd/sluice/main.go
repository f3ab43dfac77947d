// Command sluice routes selected conversion signals from an analytics stream
// to the advertising destinations that its customers own. One binary has every
// role; see sluice help.
package main

import (
	"context"
	"os"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
)

// version is set by the linker; see the Makefile.
var version = "dev"

func main() {
	os.Exit(cli.Main(context.Background(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, version, os.Args[1:], os.Environ()))
}
