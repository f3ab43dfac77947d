package services

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// birth gives what tells a process from a later one with the same id: when it
// began. Empty: no such process, or it has ended and waits to be collected.
func birth(pid int) string {
	if pid <= 0 {
		return ""
	}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat("/proc/self/stat"); err == nil {
			return ""
		}
		return birthByPS(pid)
	}
	if err != nil {
		return ""
	}
	// The name, in parentheses, may hold anything; fields are counted after it.
	_, rest, found := strings.Cut(string(text[max(0, bytes.LastIndexByte(text, ')')):]), ") ")
	fields := strings.Fields(rest)
	const state, began = 0, 19 // of proc(5): fields 3 and 22
	if !found || len(fields) <= began || fields[state] == "Z" || fields[state] == "X" {
		return ""
	}
	return fields[began]
}

// birthByPS asks where there is no /proc, as on macOS.
func birthByPS(pid int) string {
	out, err := exec.CommandContext(context.Background(), "ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output() // #nosec G204 -- a number
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// signal signals a process only if it is still the one that was started.
func signal(pid int, born string, s syscall.Signal) error {
	if born == "" || birth(pid) != born {
		return os.ErrProcessDone
	}
	if err := syscall.Kill(pid, s); err != nil {
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	return nil
}
