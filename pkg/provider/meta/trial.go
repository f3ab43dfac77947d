package meta

import (
	"encoding/json"
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

var _ provider.Trials = Provider{}

// Trial implements provider.Trials. Meta has no call that only validates: a
// test event code shows the event in the Test events tab, and it counts.
func (Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	if o.Real {
		return provider.Trial{}, &provider.TrialError{
			What: "--real: Meta has no call that only checks an event, so every test event is stored",
			Fix:  "leave --real out; --yes is what confirms it",
		}
	}
	marked, err := withTestCode(d, o.Code)
	if err != nil {
		return provider.Trial{}, err
	}
	return provider.Trial{
		Destination: marked,
		Stored:      true,
		Means:       "Meta shows it under Test events and also counts it like any other event.",
		Look:        "Events Manager > the dataset > Test events, within a minute, while the tab with this code is open.",
		Private:     []string{"user_data", "app_data"},
	}, nil
}

// withTestCode gives the destination with a test event code: the given one, or
// its own.
func withTestCode(d *resource.Destination, code string) (*resource.Destination, error) {
	members := map[string]json.RawMessage{}
	var own struct {
		TestEventCode string `json:"test_event_code"`
	}
	if len(d.Section) > 0 && string(d.Section) != "null" {
		for _, into := range []any{&members, &own} {
			if err := json.Unmarshal(d.Section, into); err != nil {
				return nil, fmt.Errorf("reading spec.meta of %s: %w", d.ID, err)
			}
		}
	}
	switch {
	case code == "" && own.TestEventCode != "":
		return d, nil
	case code == "":
		return nil, &provider.TrialError{
			What: "Meta needs a test event code, so that the event can be told from real ones",
			Fix:  "copy the code from Events Manager > the dataset > Test events, and give it as --test-event-code",
		}
	case !testCode.MatchString(code):
		return nil, &provider.TrialError{What: "the test event code has other characters than letters and digits", Fix: "copy it from the Test events tab"}
	}
	members["test_event_code"], _ = json.Marshal(code) // letters and digits
	section, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("writing spec.meta of %s: %w", d.ID, err)
	}
	marked := *d
	marked.Section = section
	return &marked, nil
}
