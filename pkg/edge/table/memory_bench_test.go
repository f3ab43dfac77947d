package table_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/sluicehq/sluice/pkg/edge/table"
)

// BenchmarkConsentMemory measures what a million subjects cost: all of them,
// and the quarter that a process has which is one of four.
//
//	go test -bench ConsentMemory -benchtime 1x ./pkg/edge/table
func BenchmarkConsentMemory(b *testing.B) {
	for _, share := range []int{1, 4} {
		b.Run(fmt.Sprintf("share=1/%d", share), func(b *testing.B) {
			for b.Loop() {
				const million = 1_000_000
				before := heap()
				// One table for each of three partitions of a twelfth, or all twelve.
				tables := make([]*table.ConsentTable, 12/share)
				for i := range tables {
					tables[i] = table.NewConsentTable(decodeConsent)
				}
				kept := 0
				for i := range million {
					key := fmt.Sprint("acme:subject-", i)
					at := table.PartitionOf([]byte(key), 12)
					if at >= len(tables) {
						continue
					}
					if err := tables[at].Apply(b.Context(), consentRecord(key, "granted 1700000000000", int64(i))); err != nil {
						b.Fatal(err)
					}
					kept++
				}
				used := heap() - before
				b.ReportMetric(float64(used)/(1<<20), "MiB")
				b.ReportMetric(float64(used)/float64(kept)*million/(1<<20), "MiB/million")
				runtime.KeepAlive(tables)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
