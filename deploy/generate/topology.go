package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

// chartTopology is the declaration in the form that the chart's templates
// read. What an installation may change (prefix, partitions, replicas, the
// largest message) stays a rule there; everything else is resolved here.
type chartTopology struct {
	KeyedPartitions   int32               `yaml:"keyed_partitions"`
	ReplicationFactor int16               `yaml:"replication_factor"`
	Topics            []chartTopic        `yaml:"topics"`
	Roles             map[string][]right  `yaml:"roles"`
	Hosts             map[string][]string `yaml:"hosts"`
	// OwnHosts are the providers whose hosts the configuration lists.
	OwnHosts []string `yaml:"own_hosts"`
}

// right is one thing that a role may do, in Kafka's words. An empty name is
// the analytics topic; a topic's name lacks the installation's prefix.
type right struct {
	Type       string   `yaml:"type"`
	Name       string   `yaml:"name"`
	Pattern    string   `yaml:"pattern"`
	Operations []string `yaml:"operations"`
}

type chartTopic struct {
	Name string `yaml:"name"`
	// Pattern is how settings name it and those of the other providers.
	Pattern    string            `yaml:"pattern,omitempty"`
	Keyed      bool              `yaml:"keyed"`
	Partitions int32             `yaml:"partitions"`
	Configs    map[string]string `yaml:"configs"`
	// OverInput is how much larger than the input topic's largest message
	// this topic's is; nil where they have nothing to do with each other.
	OverInput *int   `yaml:"over_input,omitempty"`
	Why       string `yaml:"why"`
}

const maxMessage = "max.message.bytes"

func topologyFile(string) ([]byte, error) {
	declared, roles, err := topology.Declared(topology.Options{})
	if err != nil {
		return nil, err
	}
	// A second reading with another input size shows which topics follow it.
	const otherInput = 1 << 22
	other, _, err := topology.Declared(topology.Options{InputMaxBytes: otherInput})
	if err != nil {
		return nil, err
	}
	out := chartTopology{Roles: map[string][]right{}, Hosts: map[string][]string{}}
	for i, t := range declared {
		topic := chartTopic{
			Name: strings.TrimPrefix(t.Name, topology.DefaultPrefix+"."), Keyed: t.Keyed,
			Partitions: t.Partitions, Configs: t.Configs, Why: t.Why,
		}
		if t.Declared != topic.Name {
			topic.Pattern = t.Declared
		}
		if t.Keyed {
			out.KeyedPartitions = t.Partitions
		}
		out.ReplicationFactor = t.Replication
		if size := other[i].Configs[maxMessage]; size != "" {
			n, err := strconv.Atoi(size)
			if err != nil {
				return nil, fmt.Errorf("reading %s of %s: %w", maxMessage, t.Name, err)
			}
			over := n - otherInput
			topic.OverInput = &over
		}
		out.Topics = append(out.Topics, topic)
	}
	for role := range roles {
		if out.Roles[role], err = rights(role); err != nil {
			return nil, err
		}
	}
	for _, spec := range all.Specs() {
		if spec.OwnHosts {
			out.OwnHosts = append(out.OwnHosts, spec.Name)
			continue
		}
		out.Hosts[spec.Name] = spec.Hosts
	}
	text, err := yaml.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("writing the topology: %w", err)
	}
	return append([]byte("# Made from topology/topics.yaml and pkg/provider/all by `make generate`; do not edit.\n"), text...), nil
}

// kafkaWords are a right's operations and kinds as Strimzi writes them.
var kafkaWords = map[string]string{
	"read": "Read", "write": "Write", "describe_configs": "DescribeConfigs",
	string(topology.TopicRight): "topic", string(topology.GroupRight): "group", string(topology.TransactionalRight): "transactionalId",
}

// rights are the least that a role needs, as `sluice topology acls` has them.
func rights(role string) ([]right, error) {
	declared, err := topology.Rights(role, topology.RightsOptions{})
	if err != nil {
		return nil, err
	}
	granted := make([]right, 0, len(declared))
	for _, d := range declared {
		entry := right{Type: kafkaWords[string(d.Kind)], Name: d.Name, Pattern: "literal"}
		if d.Prefixed {
			entry.Pattern = "prefix"
		}
		if d.Kind == topology.TopicRight {
			entry.Name = strings.TrimPrefix(d.Name, topology.DefaultPrefix+".")
		}
		for _, op := range d.Operations {
			word, ok := kafkaWords[op]
			if !ok {
				return nil, fmt.Errorf("reading the rights of %s: operation %q has no word in Strimzi's language", role, op)
			}
			entry.Operations = append(entry.Operations, word)
		}
		granted = append(granted, entry)
	}
	return granted, nil
}
