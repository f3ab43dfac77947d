package event

import (
	"fmt"
	"strconv"
)

// TopicID is Kafka's id of a topic: it keeps a re-created topic's offsets
// apart from the old one's. The zero id stands for input that is not a topic.
type TopicID [16]byte

// Coordinates name one input record.
type Coordinates struct {
	Topic      string
	TopicID    TopicID
	Partition  int32
	Offset     int64
	AppendTime int64 // epoch ms: when the broker stored the record
}

// String gives topic/partition@offset, the notation of every message.
func (c Coordinates) String() string {
	return c.Topic + "/" + strconv.Itoa(int(c.Partition)) + "@" + strconv.FormatInt(c.Offset, 10)
}

// ParseCoordinates reads the notation of String.
func ParseCoordinates(s string) (Coordinates, error) {
	at := lastIndex(s, '@')
	if at < 0 {
		return Coordinates{}, fmt.Errorf("parsing coordinates %q: want topic/partition@offset", s)
	}
	slash := lastIndex(s[:at], '/')
	if slash <= 0 {
		return Coordinates{}, fmt.Errorf("parsing coordinates %q: want topic/partition@offset", s)
	}
	partition, err := strconv.ParseInt(s[slash+1:at], 10, 32)
	if err != nil {
		return Coordinates{}, fmt.Errorf("parsing partition of coordinates %q: %w", s, err)
	}
	offset, err := strconv.ParseInt(s[at+1:], 10, 64)
	if err != nil {
		return Coordinates{}, fmt.Errorf("parsing offset of coordinates %q: %w", s, err)
	}
	return Coordinates{Topic: s[:slash], Partition: int32(partition), Offset: offset}, nil
}

func lastIndex(s string, c byte) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == c {
			return i
		}
	}
	return -1
}
