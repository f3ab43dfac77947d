package consentadmin

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// ImportRequest says which records are written; the last one of a subject wins.
type ImportRequest struct {
	Records []codec.SubjectRecord
	Author  Author
	// Overwrite also writes what would undo an erasure or a newer choice.
	Overwrite bool
	// DryRun counts and writes nothing.
	DryRun bool
}

// ImportAnswer is what a file comes to. Its JSON is that of `sluice consent
// import --output json`.
type ImportAnswer struct {
	Records   int  `json:"records"` // subjects
	Written   int  `json:"written"`
	Malformed int  `json:"malformed"` // which denies
	Erased    int  `json:"would_remove_erasure"`
	Older     int  `json:"older_than_what_stands"`
	DryRun    bool `json:"dry_run"`
}

// Import writes records, but for those that would undo an erasure or a newer
// choice.
func (a *Admin) Import(ctx context.Context, q ImportRequest) (ImportAnswer, error) {
	records, keys := map[string]*codec.SubjectRecord{}, []string{}
	for i := range q.Records {
		r := &q.Records[i]
		key := Subject{r.CustomerID, r.SubjectID}.key()
		if records[key] == nil {
			keys = append(keys, key)
		}
		records[key] = r
	}
	standing, err := a.Entries(ctx, func(key string) bool { return records[key] != nil })
	if err != nil {
		return ImportAnswer{}, err
	}
	answer := ImportAnswer{Records: len(keys), DryRun: q.DryRun}
	var chosen []codec.SubjectRecord
	for _, key := range keys {
		record, entry := records[key], standing[key]
		removes := entry != nil && entry.Erased && !record.Record.Erased && !Grants(&record.Record)
		older := entry != nil && !removes && entry.Record.UpdatedAt > record.Record.UpdatedAt
		if consent.NormaliseRecord(record.Record, 0).Malformed != consent.WellFormed {
			answer.Malformed++
		}
		if removes {
			answer.Erased++
		}
		if older {
			answer.Older++
		}
		if q.Overwrite || !removes && !older {
			chosen = append(chosen, *record)
		}
	}
	if !q.DryRun && len(chosen) > 0 {
		if err := a.write(ctx, q.Author, chosen...); err != nil {
			return ImportAnswer{}, err
		}
		if err := a.destroyErased(ctx, q.Author, chosen); err != nil {
			return ImportAnswer{}, err
		}
	}
	answer.Written = len(chosen)
	return answer, nil
}

// destroyErased destroys the keys of the subjects that records erase.
func (a *Admin) destroyErased(ctx context.Context, by Author, records []codec.SubjectRecord) error {
	erased := map[string]bool{}
	for i := range records {
		if records[i].Record.Erased {
			erased[Subject{records[i].CustomerID, records[i].SubjectID}.key()] = true
		}
	}
	if len(erased) == 0 {
		return nil
	}
	_, err := a.destroyKeys(ctx, by, erased)
	return err
}
