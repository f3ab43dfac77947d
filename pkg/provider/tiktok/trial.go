package tiktok

import (
	"encoding/json"
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

var _ provider.Trials = Provider{}

// Trial implements provider.Trials. TikTok has no call that only validates: a
// test event code shows the event in the Test events tab, and nothing says that
// it does not count.
func (Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	if o.Real {
		return provider.Trial{}, &provider.TrialError{
			What: "--real: TikTok has no call that only checks an event, so every test event is stored",
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
		Means:       "TikTok shows it under Test events; it does not promise that such an event is not counted.",
		Look:        "Events Manager > the event source > Test events, within seconds, while the tab with this code is open.",
		Private:     []string{"user", "lead"},
	}, nil
}

// withTestCode gives the destination with a test event code: the given one, or
// its own.
func withTestCode(d *resource.Destination, code string) (*resource.Destination, error) {
	members := map[string]json.RawMessage{}
	if len(d.Section) > 0 && string(d.Section) != "null" {
		if err := json.Unmarshal(d.Section, &members); err != nil {
			return nil, fmt.Errorf("reading spec.tiktok of %s: %w", d.ID, err)
		}
	}
	_, own := members["test_event_code"]
	switch {
	case code == "" && own:
		return d, nil
	case code == "":
		return nil, &provider.TrialError{
			What: "TikTok needs a test event code, so that the event can be told from real ones",
			Fix:  "copy the code from Events Manager > the event source > Test events, and give it as --test-event-code",
		}
	case !testCode.MatchString(code):
		return nil, &provider.TrialError{What: "the test event code has other characters than letters and digits", Fix: "copy it from the Test events tab"}
	}
	members["test_event_code"], _ = json.Marshal(code) // letters and digits
	section, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("writing spec.tiktok of %s: %w", d.ID, err)
	}
	marked := *d
	marked.Section = section
	return &marked, nil
}
