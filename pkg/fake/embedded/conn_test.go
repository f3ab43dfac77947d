package embedded

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// However a connection cuts them: requests on which members wait are found
// between others, and what is not Kafka's protocol is left alone.
func FuzzRequestsAreFoundHoweverTheyAreCut(f *testing.F) {
	format := kmsg.NewRequestFormatter(kmsg.FormatterClientID("c"))
	var sent []byte
	join := kmsg.NewPtrJoinGroupRequest()
	join.Version, join.Group, join.MemberID = 9, "g", "m"
	join.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "p", Metadata: make([]byte, 300)}}
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Version, sync.Group, sync.MemberID, sync.Generation = 0, "g", "m", 7
	metadata := kmsg.NewPtrMetadataRequest()
	metadata.Version = 12
	for i, request := range []kmsg.Request{metadata, join, metadata, sync, metadata} {
		sent = append(sent, format.AppendRequest(nil, request, int32(i))...)
	}
	f.Add([]byte{1}, []byte{})
	f.Add([]byte{4, 200, 3}, []byte{})
	f.Add([]byte{255}, []byte{0x16, 3, 1, 2, 0, 1}) // TLS begins so
	f.Add([]byte{7}, []byte{0, 0, 0, 12, 0, 11, 0, 9, 0, 0, 0, 0, 255, 255, 0, 9})
	f.Fuzz(func(t *testing.T, cuts, after []byte) {
		var r requests
		var corrs []int32
		got := map[int32]kmsg.Request{}
		each := func(correlation int32, request kmsg.Request) {
			corrs = append(corrs, correlation)
			got[correlation] = request
		}
		for rest, i := sent, 0; len(rest) > 0; i++ {
			n := len(rest)
			if len(cuts) > 0 {
				n = min(n, int(cuts[i%len(cuts)])+1)
			}
			r.take(rest[:n], each)
			rest = rest[n:]
		}
		require.Equal(t, []int32{1, 3}, corrs)
		require.Equal(t, join, got[1])
		require.Equal(t, sync, got[3])
		r.take(after, func(int32, kmsg.Request) {})
	})
}
