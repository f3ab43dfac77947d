package cli

import "os"

// isTerminal tells whether a stream is a terminal: where a line can be written
// over, or somebody can be asked.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
