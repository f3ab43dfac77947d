package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// instructions are the Dockerfile's, with continued lines joined.
func instructions(t testing.TB) [][2]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	require.NoError(t, err)
	var all [][2]string
	lines := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(text), "")
	for line := range strings.Lines(strings.ReplaceAll(lines, "\\\n", " ")) {
		if word, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			all = append(all, [2]string{word, strings.TrimSpace(rest)})
		}
	}
	return all
}

// TestImageIsWhatItClaims checks what can be checked without an engine: pinned
// bases, nothing copied that is not there, no root, no shell, the admin port.
func TestImageIsWhatItClaims(t *testing.T) {
	t.Parallel()
	last := map[string]string{}
	copied := 0
	for _, in := range instructions(t) {
		word, rest := in[0], in[1]
		last[word] = rest
		switch word {
		case "FROM":
			base := strings.Fields(strings.TrimPrefix(rest, "--platform=$BUILDPLATFORM "))[0]
			_, tag, pinned := strings.Cut(base, ":")
			assert.True(t, pinned && tag != "latest", "%s is not pinned", base)
		case "COPY":
			words := strings.Fields(rest)
			if strings.HasPrefix(words[0], "--from=") {
				continue
			}
			copied++
			for _, path := range words[:len(words)-1] {
				_, err := os.Stat(filepath.Join(root, path))
				assert.NoError(t, err, "COPY %s", rest)
			}
		case "ADD":
			assert.Fail(t, "ADD fetches and unpacks by itself", rest)
		}
	}
	require.Equal(t, 3, copied)
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`make ([a-z-]+)`).FindAllStringSubmatch(last["RUN"], -1) {
		assert.Contains(t, string(makefile), "\n"+m[1]+":", "RUN make %s", m[1])
	}
	assert.Equal(t, `["/sluice"]`, last["ENTRYPOINT"], "compose and chart give arguments only")
	assert.Equal(t, "65532:65532", last["USER"], "the chart's securityContext has the same number")
	assert.Equal(t, "9464", last["EXPOSE"])
	for _, label := range []string{"title", "description", "source", "documentation", "licenses", "revision", "version"} {
		assert.Contains(t, last["LABEL"], "org.opencontainers.image."+label+"=")
	}
	assert.Contains(t, last["LABEL"], "licenses=\"Apache-2.0\"")
	assert.Contains(t, last["RUN"], "make sbom licences CMD=./cmd/sluice VERSION=")
	assert.Contains(t, last["RUN"], `TAGS="$TAGS"`)
	assert.Contains(t, instructions(t), [2]string{"ARG", "TAGS=production"}, "an image has no fakes unless it is asked for")
}

// TestImageBinaryCanBeMadeAgain: no paths of the builder and no C. That two
// builds are the same, and know their commit, is what `make reproducible` shows.
func TestImageBinaryCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	about := succeed(t, "go", "version", "-m", binary(t))
	for _, setting := range []string{"-trimpath=true", "CGO_ENABLED=0", "github.com/sluicehq/sluice"} {
		assert.Contains(t, about, setting)
	}
	assert.Contains(t, succeed(t, binary(t), "version", "--output", "json"), `"version"`)
}
