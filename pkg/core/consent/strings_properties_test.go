package consent_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// sectionTexts are whole sections by id, none of which opts out.
var sectionTexts = map[int]string{
	6: "1YNN", 7: "CVVqAAAAAACA.QA", 8: "BVoAAACA.QA", 9: "BVoAACA", 10: "BVoAAIA.QA", 11: "BVaAAAgA", 12: "BVoAAAIA.QA",
	13: "BVoAAACA", 14: "BVoAAACA.QA", 15: "BVoAAAACAA.QA", 16: "BVoAAAgA.QA", 17: "BVoAAAACAA.QA", 18: "BVaAAAgA.QA",
	19: "BVoAAAgA.QA", 20: "BVoAAACA.QA", 21: "BVoAAAAAgA.QA", 22: "BVoAAAgA.QA", 23: "BVoAAAgA.QA",
	24: "BhWg.QA", 25: "BhWg", 26: "BhWg", 27: "BhWg",
}

// optOutTexts are the same, opted out of the sale.
var optOutTexts = map[int]string{
	6: "1YYN", 7: "CVVaAAAAAACA.QA", 8: "BVYAAACA.QA", 9: "BVYAACA", 10: "BVYAAIA.QA", 11: "BVWAAAgA", 12: "BVYAAAIA.QA",
	13: "BVYAAACA", 14: "BVYAAACA.QA", 15: "BVYAAAACAA.QA", 16: "BVYAAAgA.QA", 17: "BVYAAAACAA.QA", 18: "BVWAAAgA.QA",
	19: "BVYAAAgA.QA", 20: "BVYAAACA.QA", 21: "BVYAAAAAgA.QA", 22: "BVYAAAgA.QA", 23: "BVYAAAgA.QA",
	24: "BhVg.QA", 25: "BhVg", 26: "BhVg", 27: "BhVg",
}

// states are the regions that sections 8 to 27 speak for, in their order.
var states = []string{"CA", "VA", "CO", "UT", "CT", "FL", "MT", "OR", "TX", "DE", "IA", "NE", "NH", "NJ", "TN", "MN", "MD", "IN", "KY", "RI"}

// gppOf builds a string of sections in the order of their ids.
func gppOf(sections map[int]string) string {
	var w bitWriter
	w.uint(3, 6)
	w.uint(1, 6)
	w.uint(len(sections), 12)
	last := 0
	var body strings.Builder
	for id := 1; id <= 63; id++ {
		text, ok := sections[id]
		if !ok {
			continue
		}
		w.uint(0, 1)
		w.fibonacci(id - last)
		last = id
		body.WriteString("~" + text)
	}
	return w.String() + body.String()
}

func judgeGPP(gpp string, place consent.Place) consent.Outcome {
	return judge(consent.Input{GPP: consent.Text(gpp), CapturedAt: now.UnixMilli() - 1}, consent.Record{}, place, consent.Needs{Purposes: consent.AdUserData})
}

// An opt-out that counts is never hidden by what stands beside it: other sections
// that did not opt out, damaged, unknown or unsupported ones.
func TestNoSectionHidesAnOptOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(states)-1).Draw(t, "state")
		own := 8 + i
		if rapid.IntRange(0, 5).Draw(t, "national") == 0 {
			own = rapid.SampledFrom([]int{6, 7}).Draw(t, "section")
		}
		place := consent.Place{Location: consent.NewJurisdiction("US", states[i])}
		sections := map[int]string{own: optOutTexts[own]}
		out := judgeGPP(gppOf(sections), place)
		require.True(t, out.Causes.Has(consent.DeniedPurpose))
		texts := rapid.SampledFrom([]string{"", "A", "BVo", "CVVqAAAAAACA.QA", "zzzz", "!", "BVoAAAgA.", "HDABY.FoTS.Q", "1YNN"})
		for range rapid.IntRange(0, 6).Draw(t, "others") {
			id := rapid.IntRange(4, 40).Draw(t, "id")
			if _, taken := sections[id]; taken {
				continue
			}
			sections[id] = sectionTexts[id]
			if sections[id] == "" || rapid.Bool().Draw(t, "odd") {
				sections[id] = texts.Draw(t, "text")
			}
		}
		out = judgeGPP(gppOf(sections), place)
		require.True(t, out.Causes.Has(consent.DeniedPurpose) || out.Causes.Has(consent.Malformed), "%v", sections)
		require.Zero(t, out.Usable&consent.AdUserData)
	})
}

// Every section opts out in its own state, and answers in it.
func TestEverySectionOptsOutInItsState(t *testing.T) {
	t.Parallel()
	for i, state := range states {
		place := consent.Place{Location: consent.NewJurisdiction("US", state)}
		id := 8 + i
		require.True(t, judgeGPP(gppOf(map[int]string{id: sectionTexts[id]}), place).OK(), state)
		require.True(t, judgeGPP(gppOf(map[int]string{id: optOutTexts[id]}), place).Causes.Has(consent.DeniedPurpose), state)
		require.True(t, judgeGPP(gppOf(map[int]string{7: optOutTexts[7], id: sectionTexts[id]}), place).Causes.Has(consent.DeniedPurpose), state)
		// Beside an answer of its own state, another's opt-out does not count.
		other := 8 + (i+1)%len(states)
		require.True(t, judgeGPP(gppOf(map[int]string{id: sectionTexts[id], other: optOutTexts[other]}), place).OK(), state)
		require.False(t, judgeGPP(gppOf(map[int]string{other: optOutTexts[other]}), place).OK(), state)
	}
}

// A TC string that is cut or has a bit flipped never grants what it did not, unless
// the flipped bit is the grant itself: what is damaged is malformed.
func TestADamagedStringGrantsNothingNew(t *testing.T) {
	t.Parallel()
	whole := tcString(t, "p1,p3,p7")
	grants := func(s string) consent.PurposeSet {
		return consent.Normalise(consent.Input{TCF: consent.Text(s)}, now.UnixMilli(), now.UnixMilli()).Said.Granted
	}
	require.Equal(t, consent.AdStorage|consent.AdUserData, grants(whole))
	core := strings.IndexByte(whole, '.')
	for cut := range len(whole) {
		s := consent.Normalise(consent.Input{TCF: consent.Text(whole[:cut])}, now.UnixMilli(), now.UnixMilli())
		require.Zero(t, s.Said.Granted&^(consent.AdStorage|consent.AdUserData), "cut at %d", cut)
		if cut <= core {
			require.Equal(t, consent.PartTCF, s.Malformed, "cut at %d: without its disclosed vendors it is invalid", cut)
			require.Zero(t, s.Said.Granted)
		}
	}
	// The purposes are bits 152 to 175 of the core.
	for bit := range 6 * core {
		if bit >= 152 && bit < 176 {
			continue
		}
		at, letter := bit/6, strings.IndexByte(alphabet, whole[bit/6])
		flipped := whole[:at] + string(alphabet[letter^1<<(5-bit%6)]) + whole[at+1:]
		require.Zero(t, grants(flipped)&^grants(whole), "bit %d", bit)
	}
}
