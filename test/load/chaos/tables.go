package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/traffic"
	"github.com/sluicehq/sluice/test/load/world"
)

// checkTables compares the tables of every process with a fold of their topics
// that is made here, and looks for personal data in what the endpoints say.
func (f *fleet) checkTables(ctx context.Context) error {
	entries := map[string]int{}
	for name, topic := range map[string]string{"consent": f.w.Names.Consent(), "subject-keys": f.w.Names.SubjectKeys()} {
		n, err := foldKeys(ctx, f.w, topic)
		if err != nil {
			return err
		}
		entries[name] = n
	}
	for _, topic := range []string{f.w.Names.Destinations(), f.w.Names.Mappings(), f.w.Names.Policies()} {
		n, err := foldKeys(ctx, f.w, topic)
		if err != nil {
			return err
		}
		entries["resources"] += n
	}
	versions := map[string]string{} // of the first process that was asked
	for _, p := range f.running() {
		address := f.adminAddress(p.ID)
		if address == "" {
			continue
		}
		status, err := get(ctx, "http://"+address+"/statusz")
		if err != nil {
			return err
		}
		metrics, err := get(ctx, "http://"+address+"/metrics")
		if err != nil {
			return err
		}
		if word := traffic.Anywhere(append(status, metrics...)); word != "" {
			f.ledger.Leaked(word + " at the admin endpoint of " + p.ID)
		}
		f.ledger.Used(p.ID, ledger.Usage{Goroutines: int(goroutines(metrics))})
		var is struct {
			Tables []tableStatus `json:"tables"`
		}
		if err := json.Unmarshal(status, &is); err != nil {
			return fmt.Errorf("reading the status of %s: %w", p.ID, err)
		}
		for _, t := range is.Tables {
			f.ledger.Tables(t.verdict(p.ID, entries[t.Name], versions))
		}
	}
	return nil
}

// tableStatus is what a process says about a table.
type tableStatus struct {
	Name    string `json:"name"`
	Ready   bool   `json:"ready"`
	Entries int    `json:"entries"`
	// Version is a digest of the content, where the table has one.
	Version string `json:"version"`
}

// verdict begins with ok where the table is what its topic says, and what the
// other processes have, which have read the topic at other times.
func (t tableStatus) verdict(process string, want int, versions map[string]string) string {
	other, known := versions[t.Name]
	if !known {
		versions[t.Name] = t.Version
	}
	switch {
	case t.Entries != want || !t.Ready:
		return fmt.Sprintf("%s: table %s has %d entries (ready: %v), the topic says %d", process, t.Name, t.Entries, t.Ready, want)
	case known && other != t.Version:
		return fmt.Sprintf("%s: table %s is version %s, and %s in another process", process, t.Name, t.Version, other)
	}
	return "ok " + process + " " + t.Name
}

// foldKeys counts the keys of a compacted topic that have a value.
func foldKeys(ctx context.Context, w *world.World, topic string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	ends, err := w.Admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return 0, fmt.Errorf("asking for the end of %s: %w", topic, err)
	}
	left := map[int32]int64{}
	for p, o := range ends[topic] {
		if o.Offset > 0 {
			left[p] = o.Offset
		}
	}
	client, err := w.NewClient(kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	keys := map[string]bool{}
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("reading %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				keys[string(r.Key)] = len(r.Value) > 0
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	n := 0
	for _, has := range keys {
		if has {
			n++
		}
	}
	return n, nil
}
