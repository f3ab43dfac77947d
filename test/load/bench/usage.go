package bench

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a process has used since it began.
type usage struct {
	CPU     time.Duration `json:"cpu"` // user and system
	Mallocs uint64        `json:"mallocs"`
	Heap    uint64        `json:"heap"`     // bytes in use, after a collection where settled
	RSS     int64         `json:"rss"`      // resident bytes now
	PeakRSS int64         `json:"peak_rss"` // the most there were
}

// minus is what was used in between. Memory is no flow: it stays as it is.
func (u usage) minus(before usage) usage {
	u.CPU -= before.CPU
	u.Mallocs -= before.Mallocs
	return u
}

// ownUsage asks the system about this process. settle collects garbage first,
// so that Heap is what is really held.
func ownUsage(settle bool) (usage, error) {
	if settle {
		runtime.GC()
		runtime.GC() // the second frees what the first found with finalizers
	}
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}, fmt.Errorf("reading this process's usage: %w", err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()), Mallocs: m.Mallocs, Heap: m.HeapAlloc, PeakRSS: r.Maxrss << 10}
	u.RSS = residentBytes()
	if u.RSS == 0 {
		u.RSS = u.PeakRSS // not Linux: the peak is all that is told
	}
	return u, nil
}

// residentBytes reads VmRSS; 0 where there is no /proc.
func residentBytes() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
