package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

func TestDurations(t *testing.T) {
	t.Parallel()
	good := map[string]time.Duration{
		"0s": 0, "200ms": 200 * time.Millisecond, "1m": time.Minute, "9d": 216 * time.Hour, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute,
	}
	for text, want := range good {
		got, err := config.ParseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Std(), text)
	}
	for _, text := range []string{"", "5", "0", "d", "1.5d", "-1d", "1d-1h", "1w", "99999d", "9d 1h", "1h1d", "1d5"} {
		_, err := config.ParseDuration(text)
		require.Error(t, err, text)
	}
}

func TestDurationsSurvivePrinting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := config.Duration(rapid.Int64Range(0, int64(60000*24*time.Hour)).Draw(t, "d"))
		got, err := config.ParseDuration(d.String())
		require.NoError(t, err, d.String())
		require.Equal(t, d, got)
	})
	for text, d := range map[string]time.Duration{"1h": time.Hour, "9d": 9 * 24 * time.Hour, "1m": time.Minute, "1h0m30s": time.Hour + 30*time.Second, "10s": 10 * time.Second, "1d1m": 24*time.Hour + time.Minute} {
		assert.Equal(t, text, config.Duration(d).String())
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"0": 0, "17": 17, "64KiB": 65536, "8MiB": 8 << 20, "2 GiB": 2 << 30} {
		got, err := config.ParseBytes(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Int(), text)
		again, err := config.ParseBytes(got.String())
		require.NoError(t, err)
		assert.Equal(t, got, again)
	}
	for _, text := range []string{"", "-1", "1MB", "KiB", "1.5MiB", "99999999999GiB"} {
		_, err := config.ParseBytes(text)
		require.Error(t, err, text)
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	t.Parallel()
	s := config.Literal(canary)
	text, err := json.Marshal(map[string]any{"s": s})
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), fmt.Sprintf("%+v", config.Redis{Password: s}), string(text)} {
		assert.NotContains(t, shown, canary)
		assert.Contains(t, shown, "[redacted]")
	}
	value, err := s.Resolve()
	require.NoError(t, err)
	assert.Equal(t, canary, value.Reveal())
}

func TestSecretsResolveAtTheMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	s, err := config.Reference("file:" + path)
	require.NoError(t, err)
	_, err = s.Resolve()
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, text := range []string{"one\n", "two\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		value, err := s.Resolve()
		require.NoError(t, err)
		assert.Equal(t, strings.TrimSpace(text), value.Reveal())
	}
	for _, text := range []string{" \n", strings.Repeat("x", 65<<10)} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = s.Resolve()
		require.Error(t, err)
	}
	t.Setenv("SLUICE_TEST_TOKEN", canary)
	s, err = config.Reference("env:SLUICE_TEST_TOKEN")
	require.NoError(t, err)
	value, err := s.Resolve()
	require.NoError(t, err)
	assert.Equal(t, canary, value.Reveal())
	assert.Equal(t, "env:SLUICE_TEST_TOKEN", s.String())
	for _, text := range []string{"", "file:", "env:", canary} {
		_, err := config.Reference(text)
		require.Error(t, err)
	}
	assert.True(t, config.Secret{}.IsZero())
	value, err = config.Secret{}.Resolve()
	require.NoError(t, err)
	assert.True(t, value.IsZero())
}
