// Package schemas holds the Avro schemas of every topic value. They are public
// contracts: each evolves FULL_TRANSITIVE, which the package's test proves
// against every version under history/.
//
// To change a schema, add a field with a default, copy the file to
// history/<name>/v<next>.avsc, and extend the field list in package codec.
package schemas

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.avsc history/*/*.avsc
var files embed.FS

// Name names a schema: its file without the extension.
type Name string

// The schemas.
const (
	AnalyticsEvent    Name = "analytics_event"
	ConsentRecord     Name = "consent_record"
	Destination       Name = "destination"
	Mapping           Name = "mapping"
	Policy            Name = "policy"
	Delivery          Name = "delivery"
	Diagnostic        Name = "diagnostic"
	Hold              Name = "hold"
	DeadLetter        Name = "dead_letter"
	Submission        Name = "submission"
	DestinationStatus Name = "destination_status"
	State             Name = "state"
	SubjectKey        Name = "subject_key"
)

// Names lists every schema.
func Names() []Name {
	return []Name{AnalyticsEvent, ConsentRecord, Destination, Mapping, Policy, Delivery, Diagnostic, Hold, DeadLetter, Submission, DestinationStatus, State, SubjectKey}
}

// Text returns the current schema as JSON. It is an error to ask for a name
// that is not one of Names.
func Text(n Name) (string, error) {
	text, err := files.ReadFile(string(n) + ".avsc")
	if err != nil {
		return "", fmt.Errorf("reading schema %q: %w", n, err)
	}
	return string(text), nil
}

// Version is one committed version of a schema.
type Version struct {
	Number int
	Text   string
}

// History returns every committed version, oldest first.
func History(n Name) ([]Version, error) {
	dir := path.Join("history", string(n))
	entries, err := files.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing versions of schema %q: %w", n, err)
	}
	versions := make([]Version, 0, len(entries))
	for _, entry := range entries {
		number, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(entry.Name(), "v"), ".avsc"))
		if err != nil {
			return nil, fmt.Errorf("reading version of %s/%s, want v<number>.avsc: %w", dir, entry.Name(), err)
		}
		text, err := files.ReadFile(path.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading version %d of schema %q: %w", number, n, err)
		}
		versions = append(versions, Version{Number: number, Text: string(text)})
	}
	slices.SortFunc(versions, func(a, b Version) int { return a.Number - b.Number })
	return versions, nil
}
