package resource_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

var update = flag.Bool("update", false, "rewrite the expected sections of the golden files")

// fakeProvider has Meta's or Google's manners in a few lines: an account with
// one required key, and actions that a template row may lack.
type fakeProvider struct {
	name    string
	account string            // required key of spec.account
	events  map[string]string // source event to provider event
}

func (f *fakeProvider) Name() string { return f.name }

func (f *fakeProvider) Supported() decision.KindSet {
	return decision.Kinds(decision.KindEmail, decision.KindPhone, decision.KindClickID)
}

func (f *fakeProvider) Needs() consent.Needs {
	n := consent.Needs{Purposes: consent.AdUserData}
	if f.name == "google" {
		n.TCFVendor = 755
	}
	return n
}

func (f *fakeProvider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	var account map[string]any
	if err := json.Unmarshal(d.Account, &account); err != nil {
		return nil, []resource.Problem{{Path: "spec.account", Rule: "must be a map", Fix: "write one"}}
	}
	id, ok := account[f.account].(string)
	if !ok {
		return nil, []resource.Problem{{Path: "spec.account." + f.account, Rule: "must be a string of digits", Fix: "write it in quotes"}}
	}
	return &fakeAccount{f.name, id, account}, nil
}

type fakeAccount struct {
	provider, id string
	keys         map[string]any
}

func (f *fakeAccount) Fingerprint() string { return f.provider + ":" + f.id }

type fakeTarget string

func (t fakeTarget) Key() string { return string(t) }

func (f *fakeAccount) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	if f.provider == "meta" {
		var found []resource.Problem
		for _, name := range m.Properties {
			if name == "order_id" || name == "contents" {
				found = append(found, resource.Problem{Path: "properties", Rule: "must not be a name of the provider's own", Value: name, Fix: "rename it"})
			}
		}
		if m.ProviderEvent == "Purchases" {
			found = append(found, resource.Problem{Path: "provider_event", Rule: "is nearly Purchase", Value: m.ProviderEvent, Fix: "write it so", Warning: true})
		}
		return fakeTarget(m.ProviderEvent), found
	}
	var section map[string]any
	_ = json.Unmarshal(m.Section, &section)
	if action, ok := section["conversion_action"].(string); ok {
		return fakeTarget(action), nil
	}
	actions, _ := f.keys["conversion_actions"].(map[string]any)
	if action, ok := actions[m.ProviderEvent].(string); ok {
		return fakeTarget(action), nil
	}
	return fakeTarget(""), []resource.Problem{{
		Path: "spec.google.conversion_action", Rule: "is required: the destination has no action for " + m.ProviderEvent,
		Fix: "add it here or to the destination's conversion_actions", Warning: m.FromTemplate != "",
	}}
}

func (f *fakeProvider) TemplateEvent(template, sourceEvent string) (resource.Mapping, bool) {
	name, ok := f.events[sourceEvent]
	return resource.Mapping{ProviderEvent: name}, ok && template == "commerce"
}

func fakeProviders() resource.Installation {
	return resource.Installation{Providers: map[string]resource.Provider{
		"meta": &fakeProvider{name: "meta", account: "dataset_id", events: map[string]string{
			"transaction.purchase": "Purchase", "cart.added": "AddToCart", "product.viewed": "ViewContent",
		}},
		"google": &fakeProvider{name: "google", account: "customer_id", events: map[string]string{
			"transaction.purchase": "purchase", "cart.added": "add_to_cart", "product.viewed": "view_item",
		}},
	}}
}

// load reads YAML that must be without problems.
func load(t *testing.T, yaml string) *resource.Resources {
	t.Helper()
	r, problems := resource.Load([]resource.File{{Name: "test.yaml", Data: []byte(yaml)}}, nil, fakeProviders())
	for _, p := range problems {
		require.True(t, p.Warning, p.String())
	}
	return r
}

// golden runs every txtar file of a folder: got makes the text of the last
// section of the archive from the sections before it.
func golden(t *testing.T, folder string, got func(t *testing.T, sections map[string][]byte, archive *txtar.Archive) string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			sections := map[string][]byte{}
			for _, f := range archive.Files {
				sections[f.Name] = f.Data
			}
			last := &archive.Files[len(archive.Files)-1]
			require.Contains(t, []string{"problems", "plan", "want"}, last.Name)
			text := got(t, sections, archive)
			if *update {
				last.Data = []byte(text)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, string(last.Data), text)
		})
	}
}
