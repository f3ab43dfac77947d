package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A run measures what it is told to, and a page shows everything: reports are
// kept in a folder, one file for each kind of services, in which a figure that
// is measured again replaces the older one.

// keep merges the report into the folder's.
func (r *Report) keep(dir string) error {
	file := filepath.Join(dir, r.Services+".json")
	all, err := readReport(file)
	if errors.Is(err, fs.ErrNotExist) {
		all, err = newReport(r.Services, r.At), nil
	}
	if err != nil {
		return err
	}
	all.merge(r)
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return fmt.Errorf("keeping the figures: %w", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("keeping the figures: %w", err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fmt.Errorf("keeping the figures: %w", err)
	}
	return nil
}

// kept are the reports of a folder, embedded services first.
func kept(dir string) ([]*Report, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*Report
	for _, file := range files {
		r, err := readReport(file)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func readReport(file string) (*Report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading kept figures: %w", err)
	}
	var r Report
	if err := json.Unmarshal(text, (*plainReport)(&r)); err != nil {
		return nil, fmt.Errorf("reading kept figures of %s: %w", file, err)
	}
	return &r, nil
}

// plainReport is a report without its own way of encoding.
type plainReport Report

// merge takes what a later run has measured.
func (r *Report) merge(later *Report) {
	r.At, r.Cores, r.Go = later.At, later.Cores, later.Go
	r.Took += later.Took
	r.Checked += later.Checked
	for _, f := range later.Figures {
		if at := r.index(f.Name); at >= 0 {
			r.Figures[at] = f
		} else {
			r.Figures = append(r.Figures, f)
		}
	}
next:
	for _, s := range later.Series {
		for i := range r.Series {
			if r.Series[i].Name == s.Name {
				r.Series[i] = s
				continue next
			}
		}
		r.Series = append(r.Series, s)
	}
}
