package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const passes = `{"Action":"run","Package":"example.com/a","Test":"TestQuick"}
{"Action":"output","Package":"example.com/a","Test":"TestQuick","Output":"=== RUN   TestQuick\n"}
{"Action":"pass","Package":"example.com/a","Test":"TestQuick","Elapsed":0.25}
{"Action":"output","Package":"example.com/a","Output":"PASS\n"}
{"Action":"output","Package":"example.com/a","Output":"ok  \texample.com/a\t0.3s\n"}
{"Action":"pass","Package":"example.com/a","Elapsed":0.3}
{"Action":"pass","Package":"example.com/b","Test":"TestSlow","Elapsed":12.5}
{"Action":"output","Package":"example.com/b","Output":"ok  \texample.com/b\t13s\n"}
{"Action":"pass","Package":"example.com/b","Elapsed":13}
`

func TestSlowest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ok, err := run(strings.NewReader(passes), &out, 1)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, `ok  	example.com/a	0.3s
ok  	example.com/b	13s

SLOWEST PACKAGES (2, together 13.3 s)
  13.00 s example.com/b

SLOWEST TESTS (2, together 12.8 s)
  12.50 s example.com/b TestSlow
`, out.String())
}

// What failed is told in full, and fails the run; so does what cannot be built.
func TestWhatFailedIsTold(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{
		"a test": `{"Action":"output","Package":"example.com/c","Test":"TestBad","Output":"    bad_test.go:7: the reason\n"}
{"Action":"fail","Package":"example.com/c","Test":"TestBad","Elapsed":1}
{"Action":"output","Package":"example.com/c","Output":"FAIL\texample.com/c\t1s\n"}
{"Action":"fail","Package":"example.com/c","Elapsed":1}
`,
		"a build": `{"Action":"build-output","ImportPath":"example.com/c","Output":"c.go:1: the reason\n"}
{"Action":"build-fail","ImportPath":"example.com/c"}
{"Action":"output","Package":"example.com/c","Output":"FAIL\texample.com/c [build failed]\n"}
{"Action":"fail","Package":"example.com/c","Elapsed":0}
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			ok, err := run(strings.NewReader(passes+lines), &out, 5)
			require.NoError(t, err)
			require.False(t, ok)
			require.Contains(t, out.String(), "the reason\n")
			require.Contains(t, out.String(), "FAIL\texample.com/c")
		})
	}
}

// Nothing to judge is not a good run.
func TestNothingIsAnError(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	_, err := run(strings.NewReader("go: no such tool\n"), &out, 5)
	require.ErrorContains(t, err, "go test -json")
	require.Contains(t, out.String(), "no such tool")
}
