package cli

import (
	"os"

	"golang.org/x/term"
)

// isTerminal tells whether a stream is a terminal: where a line can be written
// over, or somebody can be asked.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
