package providertest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// The checks of the suite. They stop the subtest; the core has no assertion
// library among its imports, and this package belongs to the core.

func holds(t testing.TB, ok bool, format string, args ...any) {
	t.Helper()
	if !ok {
		t.Fatalf(format, args...)
	}
}

func equal(t testing.TB, want, got any, what string) {
	t.Helper()
	holds(t, reflect.DeepEqual(want, got), "%s: want %v, got %v", what, want, got)
}

func differ(t testing.TB, a, b, what string) {
	t.Helper()
	holds(t, a != b, "%s: both are %s", what, a)
}

func absent(t testing.TB, text, part, why string) {
	t.Helper()
	holds(t, !strings.Contains(text, part), "%q stands in %s: %s", part, text, why)
}

func member[T comparable](t testing.TB, list []T, v T, what string) {
	t.Helper()
	for _, x := range list {
		if x == v {
			return
		}
	}
	t.Fatalf("%s: %v is not one of %v", what, v, list)
}

func noError(t testing.TB, err error) {
	t.Helper()
	holds(t, err == nil, "unexpected error: %v", err)
}

func noProblems[T any](t testing.TB, problems []T, what string) {
	t.Helper()
	holds(t, len(problems) == 0, "%s: %s", what, fmt.Sprint(problems))
}
