package consentadmin_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/seal"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/fake/topics"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
)

// seal puts the keys of letters of a subject.
func (d *desk) seal(subject string, ids ...byte) {
	for _, id := range ids {
		d.topics.Put(&kgo.Record{Topic: keys, Key: seal.RecordKey(nil, subject, seal.KeyID{id}), Value: []byte("wrapped")})
	}
}

// destroyed are the record keys of the tombstones that were written.
func (d *desk) destroyed() []string {
	var all []string
	for _, r := range d.topics.Records(keys) {
		if r.Value == nil {
			all = append(all, string(r.Key))
		}
	}
	return all
}

func record(subject string, id byte) string {
	return string(seal.RecordKey(nil, subject, seal.KeyID{id}))
}

// TestAnErasureDestroysEveryKeyOfTheSubject: several processes write them, and no
// other subject loses one, whatever its name begins or ends with.
func TestAnErasureDestroysEveryKeyOfTheSubject(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.seal("acme:s", 1, 2)
	d.seal("acme:s:t", 3)
	d.seal("acme:ss", 4)
	d.seal("other:acme:s", 5)
	d.seal("acme:s", 6)
	d.topics.Put(&kgo.Record{Topic: keys, Key: []byte(record("acme:s", 6))}) // decided since
	d.topics.Put(&kgo.Record{Topic: keys, Key: []byte("acme:s"), Value: []byte("somebody's")})
	gone := d.destroyed()

	answer, err := d.Erase(t.Context(), consentadmin.EraseRequest{Subject: who("s"), Author: ada, DryRun: true})
	require.NoError(t, err)
	require.Zero(t, answer.Keys)
	require.Equal(t, gone, d.destroyed())

	answer, err = d.Erase(t.Context(), consentadmin.EraseRequest{Subject: who("s"), Author: ada})
	require.NoError(t, err)
	require.Equal(t, 2, answer.Keys)
	require.ElementsMatch(t, append(gone, record("acme:s", 1), record("acme:s", 2)), d.destroyed())
	last := d.topics.Records(keys)
	require.Equal(t, "ada", topics.Header(last[len(last)-1], codec.HeaderAuthor))

	answer, err = d.Erase(t.Context(), consentadmin.EraseRequest{Subject: who("s"), Author: ada})
	require.NoError(t, err)
	require.Zero(t, answer.Keys)
}

func TestAnImportedErasureDestroysKeysToo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.seal("acme:s", 1)
	d.seal("acme:t", 2)
	_, err := d.Import(t.Context(), consentadmin.ImportRequest{Author: ada, Records: []codec.SubjectRecord{
		{CustomerID: "acme", SubjectID: identity.NewRaw("s"), Record: consent.Record{Erased: true, UpdatedAt: 1}},
		{CustomerID: "acme", SubjectID: identity.NewRaw("t"), Record: consent.Record{Input: consent.Input{AdUserData: consent.Text("denied")}, UpdatedAt: 1}},
	}})
	require.NoError(t, err)
	require.Equal(t, []string{record("acme:s", 1)}, d.destroyed())
}

// TestAnErasureWithoutTheTopicOfKeysSaysSo: it stands, and somebody has to know
// that it did not reach everything.
func TestAnErasureWithoutTheTopicOfKeysSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.topics.Missing = []string{keys}
	stopped := false
	_, err := d.Erase(t.Context(), consentadmin.EraseRequest{Subject: who("s"), Author: ada, Erased: func() { stopped = true }})
	var missing *unready.Error
	require.ErrorAs(t, err, &missing)
	require.True(t, stopped)
	require.Len(t, d.topics.Records(topic), 1)
}
