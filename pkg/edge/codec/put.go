package codec

import (
	"encoding/binary"
	"math"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// The functions below append one Avro value each, for the writers in
// write_gen.go. They give the coder's bytes (FuzzStraight).

func putLong(b []byte, v int64) []byte {
	u := uint64(v)<<1 ^ uint64(v>>63)
	if u < 0x80 {
		return append(b, byte(u))
	}
	return binary.AppendUvarint(b, u)
}

func putStr(b []byte, s string) []byte {
	if len(s) < 64 {
		b = append(b, byte(len(s)<<1))
	} else {
		b = binary.AppendUvarint(b, uint64(len(s))<<1)
	}
	return append(b, s...)
}

func putOptStr(b []byte, s string) []byte {
	if s == "" {
		return append(b, 0)
	}
	return putStr(append(b, 2), s)
}

func putBlob(b, v []byte) []byte {
	return append(putLong(b, int64(len(v))), v...)
}

func putBoolean(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func putOptBoolean(b []byte, v event.Opt[bool]) []byte {
	if !v.Set {
		return append(b, 0)
	}
	return putBoolean(append(b, 2), v.Value)
}

func putOptTime(b []byte, ms int64) []byte {
	if ms == 0 {
		return append(b, 0)
	}
	return putLong(append(b, 2), ms)
}

func putDouble(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

func putOptDouble(b []byte, v event.Opt[float64]) []byte {
	if !v.Set {
		return append(b, 0)
	}
	return putDouble(append(b, 2), v.Value)
}

func putKey16(b []byte, k *[16]byte) []byte {
	if *k == ([16]byte{}) {
		return append(b, 0)
	}
	return append(append(b, 2, 32), k[:]...)
}

// putCount opens a list, and is the whole of an empty one; the end of another
// is a zero byte.
func putCount(b []byte, n int) []byte {
	return putLong(b, int64(n))
}

func putStrs(b []byte, list []string) []byte {
	b = putCount(b, len(list))
	for _, s := range list {
		b = putStr(b, s)
	}
	return endList(b, len(list))
}

func endList(b []byte, n int) []byte {
	if n > 0 {
		b = append(b, 0)
	}
	return b
}

func putKinds(b []byte, list []decision.Kind) []byte {
	b = putCount(b, len(list))
	for _, k := range list {
		b = putStr(b, k.String())
	}
	return endList(b, len(list))
}

func putJurisdiction(b []byte, j *consent.Jurisdiction) []byte {
	n := len(j.Country)
	if j.Region != "" {
		n += 1 + len(j.Region)
	}
	if n == 0 {
		return append(b, 0)
	}
	return joinJurisdiction(putLong(append(b, 2), int64(n)), j)
}

func putPurposes(b []byte, s *consent.State) []byte {
	at, n := len(b), 0
	b = append(b, 0)
	for p := consent.AdStorage; p <= consent.AnalyticsStorage; p <<= 1 {
		if answer := s.Get(p); answer != consent.NotGiven {
			b = putStr(putStr(b, p.String()), answer.String())
			n++
		}
	}
	b[at] = byte(n << 1)
	return endList(b, n)
}
