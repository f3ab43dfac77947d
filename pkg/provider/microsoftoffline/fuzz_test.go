package microsoftoffline_test

import (
	"testing"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/microsoftoffline"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// FuzzClassify: whatever comes back has a class, and only a success is one.
func FuzzClassify(f *testing.F) {
	for _, a := range answers {
		f.Add(a.N, a.Status, a.Body, false)
	}
	f.Add(1, 200, `{"PartialErrors":[{"Code":-1,"Index":-1,"Message":"jane@shop.example"}]}`, true)
	f.Fuzz(func(t *testing.T, n, status int, body string, cut bool) {
		n = min(max(n, 1), 1000)
		providertest.CheckAnswer(t, microsoftoffline.Provider{}, n, &provider.Response{Status: status, Body: []byte(body), Truncated: cut, Now: now})
	})
}
