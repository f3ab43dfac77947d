package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/provider/all"
	declared "github.com/sluicehq/sluice/topology"
)

// MaxPartitions is what a claim's owner can name: 14 bits.
const MaxPartitions = 1 << 14

// file is topics.yaml.
type file struct {
	Version        int             `yaml:"version"`
	Keyed          int32           `yaml:"keyed_partitions"`
	Replication    int16           `yaml:"replication_factor"`
	CopyMaxMessage int             `yaml:"copy_max_message_bytes"`
	Topics         []entry         `yaml:"topics"`
	Roles          map[string]Role `yaml:"roles"`
}

type entry struct {
	Name       string `yaml:"name"`
	Kind       string `yaml:"kind"`
	Partitions int32  `yaml:"partitions"`
	Cleanup    string `yaml:"cleanup"`
	Retention  string `yaml:"retention"`
	// MinRetention is the least that an installation may set, and Shortest why.
	MinRetention     string `yaml:"min_retention"`
	Shortest         string `yaml:"shortest"`
	DeleteRetention  string `yaml:"delete_retention"`
	MinCompactionLag string `yaml:"min_compaction_lag"`
	MaxCompactionLag string `yaml:"max_compaction_lag"`
	Segment          string `yaml:"segment"` // until a segment closes, before which nothing of it is removed
	CopiesInput      bool   `yaml:"copies_input"`
	SizeOfInput      bool   `yaml:"size_of_input"`
	PersonalData     bool   `yaml:"personal_data"`
	Why              string `yaml:"why"`
}

// Role is what one role of the binary may do.
type Role struct {
	Read             []string `yaml:"read"`
	Write            []string `yaml:"write"`
	Groups           []string `yaml:"groups"`
	TransactionalIDs []string `yaml:"transactional_ids"`
}

// Options of an installation.
type Options struct {
	Prefix string
	// Partitions of keyed topics; 0: as declared.
	Partitions int32
	// Replication factor; 0: as declared.
	Replication int16
	// InputMaxBytes is max.message.bytes of the input topic: topics that keep
	// copies of input records take CopyHeadroom more. 0: as declared.
	InputMaxBytes int
	// ConsentHistory is how long every change of consent is held; 0: as declared,
	// negative: not at all.
	ConsentHistory time.Duration
	// Retention is how long topics keep their records, by the names of
	// topics.yaml; others: as declared. See CheckRetention.
	Retention map[string]time.Duration
}

// minInsync is set where there are enough replicas to lose one.
const (
	minInsync   = "min.insync.replicas"
	minReplicas = 3
)

// copyHeadroom is what a copy of an input record may be larger than it.
const copyHeadroom = 64 << 10

// Topic is one topic as it should be.
type Topic struct {
	Name string
	// Declared is its name in topics.yaml, which may be that of a topic for each
	// provider.
	Declared    string
	Partitions  int32
	Replication int16
	Configs     map[string]string
	// Keyed topics share key, partitioner and partition count.
	Keyed        bool
	PersonalData bool
	Why          string
}

// Declared reads topics.yaml for an installation. The topics are in the order
// of the file.
func Declared(o Options) ([]Topic, map[string]Role, error) {
	f, err := read()
	if err != nil {
		return nil, nil, err
	}
	if o.Partitions > 0 {
		f.Keyed = o.Partitions
	}
	if o.Replication > 0 {
		f.Replication = o.Replication
	}
	if o.InputMaxBytes > 0 {
		f.CopyMaxMessage = o.InputMaxBytes + copyHeadroom
	}
	if f.Keyed < 1 || f.Keyed > MaxPartitions {
		return nil, nil, fmt.Errorf("reading the topology: %d partitions for keyed topics: want 1 to %d, which is what a claim's owner can name", f.Keyed, MaxPartitions)
	}
	names := Names{Prefix: o.Prefix}
	if o.ConsentHistory != 0 {
		for i := range f.Topics {
			if names.name(f.Topics[i].Name) == names.Consent() {
				f.Topics[i].MinCompactionLag = document.FormatMilliseconds(max(o.ConsentHistory, 0).Milliseconds())
			}
		}
	}
	providers := all.Names()
	var topics []Topic
	for _, e := range f.Topics {
		for _, name := range expand(e.Name, providers) {
			t, err := e.topic(names.name(name), f)
			if err != nil {
				return nil, nil, fmt.Errorf("reading topic %s of topology/topics.yaml: %w", e.Name, err)
			}
			t.retain(e, name, o.Retention)
			topics = append(topics, t)
		}
	}
	for name, role := range f.Roles {
		role.Read, role.Write = expandAll(role.Read, providers), expandAll(role.Write, providers)
		f.Roles[name] = role
	}
	return topics, f.Roles, nil
}

// read gives the declaration.
func read() (*file, error) {
	f := &file{}
	if err := yaml.UnmarshalWithOptions(declared.File, f, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("reading topology/topics.yaml: %w", err)
	}
	return f, nil
}

func expand(name string, providers []string) []string {
	if !strings.Contains(name, "{provider}") {
		return []string{name}
	}
	names := make([]string, 0, len(providers))
	for _, p := range providers {
		names = append(names, strings.ReplaceAll(name, "{provider}", p))
	}
	return names
}

func expandAll(names, providers []string) []string {
	expanded := make([]string, 0, len(names))
	for _, name := range names {
		expanded = append(expanded, expand(name, providers)...)
	}
	return expanded
}

func (e entry) topic(name string, f *file) (Topic, error) {
	t := Topic{Name: name, Declared: e.Name, Partitions: e.Partitions, Replication: f.Replication, PersonalData: e.PersonalData, Why: e.Why}
	if e.Kind == "keyed" {
		t.Keyed, t.Partitions = true, f.Keyed
	}
	if t.Partitions < 1 {
		return Topic{}, fmt.Errorf("%d partitions: want at least 1", t.Partitions)
	}
	if !slices.Contains([]string{"compact", "delete", "compact,delete"}, e.Cleanup) {
		return Topic{}, fmt.Errorf("cleanup %q: want compact, delete or compact,delete", e.Cleanup)
	}
	t.Configs = map[string]string{"cleanup.policy": e.Cleanup}
	for key, text := range map[string]string{
		"retention.ms": e.Retention, "delete.retention.ms": e.DeleteRetention, "min.compaction.lag.ms": e.MinCompactionLag,
		"max.compaction.lag.ms": e.MaxCompactionLag, "segment.ms": e.Segment,
	} {
		if text == "" {
			continue
		}
		ms, err := document.ParseMilliseconds(text)
		if err != nil {
			return Topic{}, fmt.Errorf("%s: %w", key, err)
		}
		t.Configs[key] = strconv.FormatInt(ms, 10)
	}
	switch {
	case e.CopiesInput:
		t.Configs["max.message.bytes"] = strconv.Itoa(f.CopyMaxMessage)
	case e.SizeOfInput:
		t.Configs["max.message.bytes"] = strconv.Itoa(f.CopyMaxMessage - copyHeadroom)
	}
	// Two in-sync replicas for a write: one broker may be down without loss.
	if f.Replication >= minReplicas {
		t.Configs[minInsync] = "2"
	}
	return t, nil
}

// ConfigKeys lists a topic's configs in a stable order.
func (t Topic) ConfigKeys() []string {
	keys := make([]string, 0, len(t.Configs))
	for k := range t.Configs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
