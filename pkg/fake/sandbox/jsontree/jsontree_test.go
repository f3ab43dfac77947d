package jsontree_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

func TestParseKeepsOrderAndSpelling(t *testing.T) {
	n, err := jsontree.Parse([]byte(` {"b":[1e3,-0.50,"aA😀\n"],"a":null,"t":true} `))
	require.NoError(t, err)
	require.Equal(t, "b", n.Members[0].Name)
	require.Equal(t, "1e3", n.Get("b").Items[0].Text)
	require.Equal(t, "aA😀\n", n.Get("b").Items[2].Text)
	require.True(t, n.Has("a"))
	require.False(t, n.Get("a").Present())
	require.Equal(t, jsontree.Absent, n.Get("missing").Kind)
	v, ok := n.Get("b").Items[1].Float()
	require.True(t, ok)
	require.InDelta(t, -0.5, v, 0)
	_, ok = n.Get("b").Items[0].Int()
	require.False(t, ok, "an exponent is no integer")
}

func TestParseRefuses(t *testing.T) {
	for name, doc := range map[string]string{
		"empty":           ``,
		"two values":      `{} {}`,
		"repeated member": `{"a":1,"a":2}`,
		"lone surrogate":  `"\ud83d"`,
		"bad utf-8":       "\"\xff\"",
		"leading zero":    `01`,
		"plus":            `+1`,
		"NaN":             `NaN`,
		"trailing comma":  `[1,]`,
		"control":         "\"a\nb\"",
		"single quotes":   `{'a':1}`,
		"unfinished":      `{"a":`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jsontree.Parse([]byte(doc))
			var syntax *jsontree.SyntaxError
			require.ErrorAs(t, err, &syntax)
		})
	}
}

func TestParseRefusesRepeatsInLargeObjects(t *testing.T) {
	for _, n := range []int{2, 31, 32, 33, 500} {
		var doc strings.Builder
		doc.WriteByte('{')
		for i := range n {
			fmt.Fprintf(&doc, `"k%d":1,`, i)
		}
		_, err := jsontree.Parse([]byte(doc.String() + `"new":1}`))
		require.NoError(t, err)
		for _, again := range []int{0, n / 2, n - 1} {
			_, err = jsontree.Parse([]byte(doc.String() + fmt.Sprintf(`"k%d":1}`, again)))
			require.ErrorContains(t, err, "repeated member", "%d of %d", again, n)
		}
	}
}

// FuzzParse: whatever we accept, encoding/json accepts too, and nothing panics.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5e-3,{"b":"é"}],"c":false}`))
	f.Add([]byte(`[[[[]]]]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := jsontree.Parse(data); err == nil && !json.Valid(data) {
			t.Fatalf("accepted what encoding/json refuses")
		}
	})
}
