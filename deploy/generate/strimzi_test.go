package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// strimzi is a KafkaTopic or KafkaUser, as far as it is compared.
type strimzi struct {
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Spec struct {
		Partitions    int32          `yaml:"partitions"`
		Replicas      int16          `yaml:"replicas"`
		Config        map[string]any `yaml:"config"`
		Authorization struct {
			ACLs []struct {
				Operations []string `yaml:"operations"`
				Resource   struct {
					Type        string `yaml:"type"`
					Name        string `yaml:"name"`
					PatternType string `yaml:"patternType"`
				} `yaml:"resource"`
			} `yaml:"acls"`
		} `yaml:"authorization"`
	} `yaml:"spec"`
}

// rendered reads what the chart makes of ci/production.yaml. `make helm-test`
// holds that file to what Helm really renders.
func rendered(t *testing.T) (topics, users map[string]strimzi) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "test", "deploy", "testdata", "golden", "production.yaml"))
	require.NoError(t, err)
	topics, users = map[string]strimzi{}, map[string]strimzi{}
	in := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var s strimzi
		err := in.Decode(&s)
		if errors.Is(err, io.EOF) {
			return topics, users
		}
		require.NoError(t, err)
		switch s.Kind {
		case "KafkaTopic":
			topics[s.Metadata.Name] = s
		case "KafkaUser":
			users[s.Metadata.Name] = s
		}
	}
}

// The chart's topics are those that `sluice topology apply` would make for the
// same installation: there is one declaration.
func TestChartDeclaresTheSameTopics(t *testing.T) {
	t.Parallel()
	declared, _, err := topology.Declared(topology.Options{
		Partitions: 48, InputMaxBytes: 2097152,
		Retention: map[string]time.Duration{"diagnostics": 400 * 24 * time.Hour, "deadletter.{provider}": 30 * 24 * time.Hour},
	})
	require.NoError(t, err)
	topics, _ := rendered(t)
	require.Len(t, topics, len(declared))
	for _, want := range declared {
		got, ok := topics[want.Name]
		require.True(t, ok, want.Name)
		require.Equal(t, want.Partitions, got.Spec.Partitions, want.Name)
		require.Equal(t, want.Replication, got.Spec.Replicas, want.Name)
		configs := map[string]string{}
		for key, value := range got.Spec.Config {
			configs[key] = fmt.Sprint(value)
		}
		require.Equal(t, want.Configs, configs, want.Name)
	}
}

// So are the rights of the roles.
func TestChartGrantsTheSameRights(t *testing.T) {
	t.Parallel()
	_, users := rendered(t)
	roles, err := topology.RoleNames()
	require.NoError(t, err)
	require.Len(t, users, len(roles))
	for _, role := range roles {
		declared, err := topology.Rights(role, topology.RightsOptions{Input: "shop.events"})
		require.NoError(t, err)
		acls := users["sluice-"+role].Spec.Authorization.ACLs
		require.Len(t, acls, len(declared), role)
		for i, want := range declared {
			require.Equal(t, want.Name, acls[i].Resource.Name, role)
			require.Equal(t, kafkaWords[string(want.Kind)], acls[i].Resource.Type, role)
			require.Equal(t, want.Prefixed, acls[i].Resource.PatternType == "prefix", role)
			require.Len(t, acls[i].Operations, len(want.Operations), role)
		}
	}
}

// What is made is what stands in the tree.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	for _, o := range outputs() {
		want, err := o.make(root)
		require.NoError(t, err, o.path)
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(o.path)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%s is outdated: run make generate", o.path)
	}
}
