// Package image_test reads the Dockerfile with the parts of BuildKit that
// `docker build --check` runs, and the build context as BuildKit would. It is
// a package of its own so that only compose-check compiles BuildKit.
package image_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var root = filepath.Join("..", "..", "..")

// bases answers for the base images, whose registries nobody asks here.
type bases struct{ t testing.TB }

func (b bases) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		platform = *opt.ImageOpt.Platform
	}
	config, err := json.Marshal(ocispecs.Image{Platform: platform})
	require.NoError(b.t, err)
	return ref, digest.FromBytes(config), config, nil
}

// lint gives what BuildKit has to say about a Dockerfile.
func lint(t testing.TB, dockerfile string) []string {
	t.Helper()
	source := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", []byte(dockerfile))
	source.Definition = &llb.Definition{} // where it was read from; it was not
	results, err := dockerfile2llb.DockerfileLint(t.Context(), []byte(dockerfile), dockerfile2llb.ConvertOpt{
		SourceMap: source, MetaResolver: bases{t}, Config: dockerui.Config{LinterConfig: &linter.Config{ExperimentalAll: true}},
	})
	require.NoError(t, err)
	var found []string
	if results.Error != nil {
		found = append(found, results.Error.Message)
	}
	for _, w := range results.Warnings {
		found = append(found, w.RuleName+": "+w.Detail)
	}
	return found
}

// TestImagePassesBuildChecks: what `docker build --check` would say, nothing.
func TestImagePassesBuildChecks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	require.NoError(t, err)
	assert.Empty(t, lint(t, string(text)))
	for planted, rule := range map[string]string{
		"\nENTRYPOINT /sluice\n":         "JSONArgsRecommended",
		"\nENV ACME_TOKEN=secret\n":      "SecretsUsedInArgOrEnv",
		"\nCOPY --from=build $NONE /x\n": "UndefinedVar",
		"\nRUNN make\n":                  "unknown instruction",
	} {
		assert.Contains(t, strings.Join(lint(t, string(text)+planted), "\n"), rule, planted)
	}
}

// TestImageContextIsWhatGitKnows: nothing that git knows is kept out, or the
// binary would say that it was modified; secrets and what was built are.
func TestImageContextIsWhatGitKnows(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join(root, ".dockerignore"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, file.Close()) }()
	patterns, err := ignorefile.ReadAll(file)
	require.NoError(t, err)
	ignored, err := patternmatcher.New(patterns)
	require.NoError(t, err)
	out := func(path string) bool {
		match, err := ignored.MatchesOrParentMatches(path)
		require.NoError(t, err)
		return match
	}
	known, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z").Output()
	require.NoError(t, err)
	paths := strings.Split(strings.TrimRight(string(known), "\x00"), "\x00")
	require.Greater(t, len(paths), 500)
	for _, path := range append(paths, ".git/HEAD") {
		assert.False(t, out(path), "%s is missing in the build context", path)
	}
	// What git leaves out because it is secret must not reach a layer either.
	left, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	require.NoError(t, err)
	for _, secret := range []string{"secrets", "capture", ".env"} {
		assert.Contains(t, string(left), secret)
	}
	for _, path := range []string{".env", ".env.local", "secrets/acme-meta.json", "capture/requests.ndjson", "bin/sluice", "pkg/core/gate/gate.test", "cpu.prof"} {
		assert.True(t, out(path), "%s would reach the builder", path)
	}
}
