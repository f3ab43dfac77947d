package boot_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

//go:generate go test -count=1 -run ^TestProviderPagesAreUpToDate$ . -args -update-docs

var updateDocs = flag.Bool("update-docs", false, "write the generated parts of docs/providers")

// The tables of docs/providers are made from the tables that the code works
// with: what an operator reads is what happens.
func TestProviderPagesAreUpToDate(t *testing.T) {
	t.Parallel()
	for name, p := range boot.Providers(time.Now) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "..", "docs", "providers", name+".md")
			page, err := os.ReadFile(path)
			require.NoError(t, err, "every provider has a page")
			want := fill(t, page, name+" answers", answers(p.Spec().Errors))
			want = fill(t, want, name+" template", template(t, p))
			if name == meta.Name {
				want = fill(t, want, name+" identifiers", identifiers(meta.Keys()))
			}
			if *updateDocs {
				require.NoError(t, os.WriteFile(path, want, 0o600))
				return
			}
			require.Equal(t, string(want), string(page), "run make generate")
		})
	}
}

// fill replaces what stands between a marker and the next end. A page without
// the marker says the same in words of its own.
func fill(t *testing.T, page []byte, what, content string) []byte {
	t.Helper()
	marker := []byte("<!-- generated: " + what + " -->\n")
	before, rest, found := bytes.Cut(page, marker)
	if !found {
		return page
	}
	_, after, found := bytes.Cut(rest, []byte("<!-- end -->"))
	require.True(t, found, "the marker for %s has no end", what)
	return slices.Concat(before, marker, []byte(content), []byte("<!-- end -->"), after)
}

func answers(rows []provider.ErrorRow) string {
	var b strings.Builder
	line(&b, "code", "subcode", "class", "meaning", "what to do")
	line(&b, "---", "---", "---", "---", "---")
	for _, r := range rows {
		subcode := r.Subcode
		if subcode == "" {
			subcode = "-"
		}
		line(&b, "`"+r.Code+"`", subcode, r.Class.String(), r.Meaning, r.Fix)
	}
	return b.String()
}

func template(t *testing.T, p provider.Provider) string {
	t.Helper()
	var b strings.Builder
	line(&b, "source event", "sent as", "lane")
	line(&b, "---", "---", "---")
	for _, source := range commerce {
		m, ok := p.TemplateEvent("commerce", source)
		if !ok || m.ProviderEvent == resource.NoEvent {
			line(&b, "`"+source+"`", "nothing: `provider.unsupported_event`", "")
			continue
		}
		line(&b, "`"+source+"`", "`"+m.ProviderEvent+"`", m.Lane.String())
	}
	return b.String()
}

// commerce are the events of the template of that name.
var commerce = []string{
	"transaction.purchase", "cart.added", "product.viewed", "checkout.started", "payment_info.added", "user.signed_up",
	"lead.submitted", "lead.qualified", "lead.converted", "transaction.refunded",
}

func identifiers(keys []meta.Key) string {
	var b strings.Builder
	line(&b, "key", "destination", "sent", "match quality")
	line(&b, "---", "---", "---", "---")
	for _, k := range keys {
		kind, sent := k.Kind.String(), "in clear"
		if k.Business {
			kind = "(the business' own)"
		}
		if k.Hashed {
			sent = "hashed"
		}
		if k.Contextual {
			sent += ", contextual"
		}
		line(&b, "`"+k.Name+"`", kind, sent, strconv.FormatFloat(k.Weight, 'g', -1, 64))
	}
	return b.String()
}

func line(b *strings.Builder, cells ...string) {
	for _, c := range cells {
		fmt.Fprintf(b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
	}
	b.WriteString("|\n")
}
