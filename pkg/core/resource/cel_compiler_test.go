package resource

import (
	"sync"
	"testing"
)

// TestCompilersShareNothingThatChanges: the compiler of item ids is made when
// the first mapping needs it, while other expressions are compiled and
// evaluated. The race detector sees what both would write.
func TestCompilersShareNothingThatChanges(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			_, problems := CompileProgram(&Mapping{When: "event.source != ''", ItemID: "item.?group_id.orValue('x')"})
			if len(problems) > 0 {
				t.Error(problems)
			}
		})
		all.Go(func() {
			c, err := newCelCompiler()
			if err != nil {
				t.Error(err)
				return
			}
			checked, issues := c.compile("optional.of(event.commerce.value).orValue(1.0)")
			if issues.Err() != nil {
				t.Error(issues.Err())
				return
			}
			if _, err := c.env.Program(checked); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
