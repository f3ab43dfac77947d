// Command sbom writes the software bill of materials of a Go binary as
// CycloneDX JSON, from what the linker wrote into the binary: every module that
// is really in it. OSV-SCALIBR reads and converts; what makes each run differ
// (random references, the clock) is replaced, so that the same binary gives
// the same document.
package main

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/converter"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gobinary"
)

func main() {
	output := flag.String("output", "", "file to write")
	version := flag.String("version", "dev", "version of what the binary is")
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0), *version, *output); err != nil {
		fmt.Fprintln(os.Stderr, "sbom: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, version, output string) (err error) {
	if binary == "" || output == "" {
		return errors.New("want --output FILE and a binary")
	}
	bom, err := describe(ctx, binary, version)
	if err != nil {
		return fmt.Errorf("describing %s: %w", binary, err)
	}
	file, err := os.Create(output)
	if err != nil {
		return fmt.Errorf("writing the bill: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := cyclonedx.NewBOMEncoder(file, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return fmt.Errorf("writing the bill: %w", err)
	}
	return nil
}

// describe reads the binary's own list of modules.
func describe(ctx context.Context, binary, version string) (*cyclonedx.BOM, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(binary)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	reader, err := gobinary.New(&config_go_proto.PluginConfig{})
	if err != nil {
		return nil, err
	}
	found, err := reader.Extract(ctx, &filesystem.ScanInput{Path: filepath.Base(binary), Reader: file})
	if err != nil {
		return nil, err
	}
	// Every dependency, Go itself and the main module, or something was missed.
	if want := len(info.Deps) + 2; len(found.Packages) != want {
		return nil, fmt.Errorf("found %d modules of %d", len(found.Packages), want)
	}
	bom := converter.ToCDX(found, converter.CDXConfig{
		ComponentName: info.Main.Path, ComponentVersion: version, ComponentType: string(cyclonedx.ComponentTypeApplication),
	})
	settle(bom, info.Main.Path, setting(info, "vcs.time"))
	return bom, nil
}

// settle replaces what is random or told by the clock, and leaves out the main
// module, which the bill is about.
func settle(bom *cyclonedx.BOM, main, committed string) {
	bom.SerialNumber = ""
	bom.Metadata.Timestamp = committed
	bom.Metadata.Component.BOMRef = main
	kept := slices.DeleteFunc(*bom.Components, func(c cyclonedx.Component) bool { return c.Name == main })
	for i := range kept {
		kept[i].BOMRef = kept[i].PackageURL
	}
	slices.SortFunc(kept, func(a, b cyclonedx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	bom.Components = &kept
}

func setting(info *buildinfo.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
