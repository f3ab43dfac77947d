package patience

import (
	"runtime"
	"syscall"
	"time"
)

// sample is the processor time that one measurement takes.
const sample = 20 * time.Millisecond

// Slowness is how many times longer than on an idle machine a thread takes for
// its work just now: real time by processor time, 1 or more. Limits of load
// programs, which have no test process to end them, are multiplied by it.
func Slowness() float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, used := time.Now(), processorTime()
	for processorTime()-used < sample && time.Since(began) < 100*sample {
	}
	spent := processorTime() - used
	if spent <= 0 {
		return 100
	}
	return max(1, float64(time.Since(began))/float64(spent))
}

// ProcessorTime is what one thread uses for f, whatever else the machine does.
// What f has other goroutines do is not in it.
func ProcessorTime(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := processorTime()
	f()
	return processorTime() - used
}

// rusageThread is RUSAGE_THREAD of getrusage(2), Linux only.
const rusageThread = 1

// processorTime is what this thread has used.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(rusageThread, &usage) != nil {
		return time.Duration(time.Now().UnixNano()) // as if it were alone
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
