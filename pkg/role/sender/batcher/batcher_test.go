package batcher_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
)

func always(batcher.Key) bool { return true }

func key(d string) batcher.Key { return batcher.Key{Destination: d} }

func item(id string, due int64) batcher.Item[int] {
	return batcher.Item[int]{ID: id, Bytes: 10, Due: due}
}

func TestTakesWhenFullOrDue(t *testing.T) {
	t.Parallel()
	b := batcher.New[int](decision.LaneBatch, batcher.Limits{Events: 3, Bytes: 1000})
	b.Add(key("a"), item("1", 100))
	b.Add(key("a"), item("2", 50))
	_, ok := b.Take(49, always)
	require.False(t, ok)
	due, ok := b.Due(always)
	require.True(t, ok)
	require.Equal(t, int64(50), due, "the most urgent decides")
	require.Empty(t, b.Overdue(50))
	require.Equal(t, []batcher.Key{key("a")}, b.Overdue(51))
	b.Add(key("b"), item("1", 10))
	b.Add(key("a"), item("3", 100))
	full, ok := b.Take(0, always)
	require.True(t, ok, "a full batch waits for nobody")
	require.Equal(t, key("a"), full.Key)
	require.Len(t, full.Items, 3)
	require.Equal(t, 30, full.Bytes)
	_, ok = b.Take(9, always)
	require.False(t, ok)
	one, ok := b.Take(10, always)
	require.True(t, ok)
	require.Equal(t, key("b"), one.Key)
	require.Zero(t, b.Len())
	require.Zero(t, b.Bytes())
	_, ok = b.Due(always)
	require.False(t, ok)
}

func TestOneIDOncePerBatch(t *testing.T) {
	t.Parallel()
	b := batcher.New[int](decision.LaneBatch, batcher.Limits{Events: 10, Bytes: 1000})
	for i := range 3 {
		b.Add(key("a"), batcher.Item[int]{ID: "same", Bytes: 1, Due: 5, Value: i})
	}
	for want := range 3 {
		batch, ok := b.Take(5, always)
		require.True(t, ok)
		require.Len(t, batch.Items, 1)
		require.Equal(t, want, batch.Items[0].Value, "in the order they came")
	}
}

func TestKeysThatAreNotReadyArePassedOver(t *testing.T) {
	t.Parallel()
	b := batcher.New[int](decision.LaneBatch, batcher.Limits{Events: 10, Bytes: 1000})
	b.Add(key("waits"), item("1", 0))
	b.Add(key("goes"), item("1", 0))
	notWaits := func(k batcher.Key) bool { return k.Destination != "waits" }
	batch, ok := b.Take(0, notWaits)
	require.True(t, ok)
	require.Equal(t, "goes", batch.Key.Destination)
	_, ok = b.Due(notWaits)
	require.False(t, ok)
	require.Equal(t, 1, b.Len())
	out := b.Drain(func(k batcher.Key, _ batcher.Item[int]) bool { return k.Destination == "waits" })
	require.Len(t, out, 1)
	require.Zero(t, b.Len())
}

func TestALargeItemGoesAlone(t *testing.T) {
	t.Parallel()
	b := batcher.New[int](decision.LaneBatch, batcher.Limits{Events: 10, Bytes: 100})
	b.Add(key("a"), batcher.Item[int]{ID: "1", Bytes: 500, Due: 0})
	b.Add(key("a"), batcher.Item[int]{ID: "2", Bytes: 10, Due: 0})
	batch, ok := b.Take(0, always)
	require.True(t, ok)
	require.Len(t, batch.Items, 1)
}

// Nothing is lost or doubled, no batch breaks its limits or holds an id twice,
// and counts are right, whatever comes in whatever order.
func TestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limits := batcher.Limits{Events: rapid.IntRange(1, 5).Draw(t, "events"), Bytes: rapid.IntRange(1, 60).Draw(t, "bytes")}
		b := batcher.New[int](decision.LaneBatch, limits)
		in, out := 0, map[int]bool{}
		gone := func(items []batcher.Item[int]) {
			for _, i := range items {
				if out[i.Value] {
					t.Fatalf("%d came twice", i.Value)
				}
				out[i.Value] = true
			}
		}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1, 2:
				b.Add(key(strconv.Itoa(rapid.IntRange(0, 3).Draw(t, "key"))), batcher.Item[int]{
					ID: strconv.Itoa(rapid.IntRange(0, 6).Draw(t, "id")), Bytes: rapid.IntRange(0, 40).Draw(t, "size"),
					Due: rapid.Int64Range(0, 20).Draw(t, "due"), Value: in,
				})
				in++
			case 3, 4:
				batch, ok := b.Take(rapid.Int64Range(0, 20).Draw(t, "now"), always)
				if !ok {
					continue
				}
				size, seen := 0, map[string]bool{}
				for _, i := range batch.Items {
					size += i.Bytes
					if seen[i.ID] {
						t.Fatalf("id %s twice in a batch", i.ID)
					}
					seen[i.ID] = true
				}
				if len(batch.Items) == 0 || len(batch.Items) > limits.Events || (size > limits.Bytes && len(batch.Items) > 1) || size != batch.Bytes {
					t.Fatalf("%d items of %d bytes, said %d", len(batch.Items), size, batch.Bytes)
				}
				gone(batch.Items)
			default:
				odd := rapid.IntRange(0, 1).Draw(t, "parity")
				gone(b.Drain(func(_ batcher.Key, i batcher.Item[int]) bool { return i.Value%2 == odd }))
			}
			if b.Len() != in-len(out) {
				t.Fatalf("%d waiting, said %d", in-len(out), b.Len())
			}
		}
		for {
			batch, ok := b.Take(1<<40, always)
			if !ok {
				break
			}
			gone(batch.Items)
		}
		if len(out) != in || b.Len() != 0 || b.Bytes() != 0 {
			t.Fatalf("%d of %d came out; %d and %d bytes left", len(out), in, b.Len(), b.Bytes())
		}
	})
}

// Items of a key that wants to be alone linger for nothing and share nothing,
// from the moment that it wants so.
func TestSmallRequests(t *testing.T) {
	t.Parallel()
	most := func(batcher.Key) int { return 3 }
	b := batcher.New[int](decision.LaneBatch, batcher.Limits{Events: 10, Bytes: 1000, Most: func(k batcher.Key) int { return most(k) }})
	for i := range 9 {
		b.Add(key("a"), item(strconv.Itoa(i), 100))
	}
	for _, want := range []struct{ most, events int }{{3, 3}, {0, 1}, {4, 4}} {
		most = func(batcher.Key) int { return want.most }
		batch, ok := b.Take(0, always)
		require.True(t, ok, "full, whatever it waits for")
		require.Len(t, batch.Items, want.events)
	}
	most = func(batcher.Key) int { return 1000 }
	_, ok := b.Take(0, always)
	require.False(t, ok, "not full any more")
}

func TestAlone(t *testing.T) {
	t.Parallel()
	alone := false
	b := batcher.New[int](decision.LaneBatch, batcher.Limits{Events: 10, Bytes: 1000, Most: func(k batcher.Key) int {
		if alone && k == key("a") {
			return 1
		}
		return 10
	}})
	for i := range 4 {
		b.Add(key("a"), item(strconv.Itoa(i), int64(100-i)))
		b.Add(key("b"), item(strconv.Itoa(i), 100))
	}
	_, ok := b.Take(0, always)
	require.False(t, ok)
	alone = true
	for want := range 4 {
		batch, ok := b.Take(0, always)
		require.True(t, ok)
		require.Equal(t, key("a"), batch.Key)
		require.Len(t, batch.Items, 1)
		require.Equal(t, strconv.Itoa(want), batch.Items[0].ID)
		require.Equal(t, 10, batch.Bytes)
	}
	_, ok = b.Take(0, always)
	require.False(t, ok)
	due, ok := b.Due(always)
	require.True(t, ok)
	require.Equal(t, int64(100), due)
	batch, ok := b.Take(100, always)
	require.True(t, ok)
	require.Len(t, batch.Items, 4)
	require.Zero(t, b.Bytes())
}

// A backlog that is cut into many requests keeps its order, its ids and its
// earliest time.
func TestCuttingABacklog(t *testing.T) {
	t.Parallel()
	b := batcher.New[int](decision.LaneBatch, batcher.Limits{Events: 3, Bytes: 1000})
	for i := range 8 {
		b.Add(key("a"), item(strconv.Itoa(i), int64(50+i%4)))
	}
	b.Add(key("a"), item("7", 10)) // a copy waits for the next but one
	var taken []string
	for _, n := range []int{3, 3, 2, 1} {
		batch, ok := b.Take(100, always)
		require.True(t, ok)
		require.Len(t, batch.Items, n)
		for _, i := range batch.Items {
			taken = append(taken, i.ID)
		}
	}
	require.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6", "7", "7"}, taken)
	require.Zero(t, b.Len())
	require.Zero(t, b.Bytes())
}

// What is left of a backlog is due when its earliest item is, whatever was cut
// from it and whichever ids came twice.
func TestABacklogKnowsItsEarliestTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := batcher.New[int](decision.LaneBatch, batcher.Limits{Events: rapid.IntRange(1, 4).Draw(t, "events"), Bytes: 1000})
		left := map[int]int64{}
		for i := range rapid.IntRange(1, 30).Draw(t, "items") {
			due := rapid.Int64Range(1, 20).Draw(t, "due")
			b.Add(key("a"), batcher.Item[int]{ID: strconv.Itoa(rapid.IntRange(0, 5).Draw(t, "id")), Due: due, Value: i})
			left[i] = due
		}
		for len(left) > 0 {
			earliest := int64(1 << 40)
			for _, due := range left {
				earliest = min(earliest, due)
			}
			late, on := b.Overdue(earliest), b.Overdue(earliest+1)
			if len(late) != 0 || len(on) != 1 {
				t.Fatalf("%v are due before %d, %v at it", late, earliest, on)
			}
			batch, ok := b.Take(1<<40, always)
			if !ok {
				t.Fatalf("%d are left, and none comes", len(left))
			}
			for _, i := range batch.Items {
				delete(left, i.Value)
			}
		}
	})
}
