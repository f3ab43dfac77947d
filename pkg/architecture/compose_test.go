package architecture_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/config"
)

// composeFile is the part of docker-compose.yml that can be checked without
// containers. The service as a whole is not exercised here.
type composeFile struct {
	Services map[string]struct {
		Image       string         `yaml:"image"`
		Ports       []string       `yaml:"ports"`
		Environment map[string]any `yaml:"environment"`
		Command     []string       `yaml:"command"`
		DependsOn   map[string]struct {
			Condition string `yaml:"condition"`
		} `yaml:"depends_on"`
		Volumes []string `yaml:"volumes"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docker-compose.yml"))
	require.NoError(t, err)
	var file composeFile
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Contains(t, file.Services, "router")
	return file
}

func TestComposeIsClosedAndPinned(t *testing.T) {
	t.Parallel()
	file := readCompose(t)
	for name, service := range file.Services {
		for _, port := range service.Ports {
			assert.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s publishes %s beyond loopback, without any password", name, port)
		}
		repository, tag, pinned := strings.Cut(service.Image, ":")
		assert.True(t, pinned && tag != "latest", "%s: %s is not pinned", name, repository)
		for other := range service.DependsOn {
			assert.Contains(t, file.Services, other, "%s depends on what is not there", name)
		}
		for _, volume := range service.Volumes {
			if source, _, _ := strings.Cut(volume, ":"); !strings.HasPrefix(source, ".") {
				assert.Contains(t, file.Volumes, source, name)
			}
		}
	}
}

// TestComposeSettingsExist reads the services' environment as Sluice would.
func TestComposeSettingsExist(t *testing.T) {
	t.Parallel()
	checked := 0
	for name, service := range readCompose(t).Services {
		if !strings.HasPrefix(service.Image, "sluice:") {
			continue
		}
		checked++
		var environ []string
		for key, value := range service.Environment {
			environ = append(environ, fmt.Sprintf("%s=%v", key, value))
		}
		cfg, err := config.Load(config.Sources{Environ: environ})
		require.NoError(t, err, name)
		assert.Equal(t, []string{"kafka:19092"}, cfg.Kafka.Brokers, name)
	}
	assert.Equal(t, 4, checked)
}
