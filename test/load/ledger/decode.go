package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"
)

// decoder decodes values by the schema that the registry has for them, with a
// general Avro library: the product's own codec must not judge itself.
type decoder struct {
	registry *sr.Client

	mu      sync.Mutex
	schemas map[int]avro.Schema
}

func newDecoder(registry *sr.Client) *decoder {
	return &decoder{registry: registry, schemas: map[int]avro.Schema{}}
}

// decode reads a framed value: a zero byte, the schema's id, Avro.
func (d *decoder) decode(ctx context.Context, value []byte, into any) error {
	const header = 5
	if len(value) < header || value[0] != 0 {
		return fmt.Errorf("reading a value of %d bytes: it is not in the registry's framing", len(value))
	}
	schema, err := d.schema(ctx, int(binary.BigEndian.Uint32(value[1:header])))
	if err != nil {
		return err
	}
	if err := avro.Unmarshal(schema, value[header:], into); err != nil {
		return fmt.Errorf("decoding Avro: %w", err)
	}
	return nil
}

func (d *decoder) schema(ctx context.Context, id int) (avro.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.schemas[id]; s != nil {
		return s, nil
	}
	found, err := d.registry.SchemaByID(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("asking for schema %d: %w", id, err)
	}
	// A cache of its own: two schemas of one name must not be mixed up.
	parsed, err := avro.ParseWithCache(found.Schema, "", &avro.SchemaCache{})
	if err != nil {
		return nil, fmt.Errorf("parsing schema %d: %w", id, err)
	}
	d.schemas[id] = parsed
	return parsed, nil
}

// source are coordinates of an input record.
type source struct {
	Topic     string  `avro:"topic"`
	TopicID   *[]byte `avro:"topic_id"`
	Partition int     `avro:"partition"`
	Offset    int64   `avro:"offset"`
}

func (s source) at() At {
	at := At{Partition: int32(s.Partition), Offset: s.Offset}
	if s.TopicID != nil {
		copy(at.Topic[:], *s.TopicID)
	}
	return at
}

// diagnostic is what the ledger reads of a decision.
type diagnostic struct {
	DecisionID    string    `avro:"decision_id"`
	Time          time.Time `avro:"time"`
	Stage         string    `avro:"stage"`
	Status        string    `avro:"status"`
	Reason        string    `avro:"reason"`
	DestinationID string    `avro:"destination_id"`
	Mapping       string    `avro:"mapping"`
	Provider      string    `avro:"provider"`
	EventID       string    `avro:"event_id"`
	Attempts      int       `avro:"attempts"`
	Recovered     bool      `avro:"recovered"`
	Source        source    `avro:"source"`
	ReplayID      *string   `avro:"replay_id"`
}

// hold is what the ledger reads of a held event.
type hold struct {
	Source   source   `avro:"source"`
	Mappings []string `avro:"mappings"` // destination/mapping
}

// delivery is what the ledger reads of a delivery.
type delivery struct {
	Facts struct {
		DestinationID string `avro:"destination_id"`
		Mapping       string `avro:"mapping"`
	} `avro:"facts"`
	Target   string  `avro:"target"`
	EventID  string  `avro:"event_id"`
	Source   source  `avro:"source"`
	ReplayID *string `avro:"replay_id"`
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
