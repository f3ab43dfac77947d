package codec

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/schemas"
)

// reasonField is a reason's code; no reason is an empty string.
func reasonField(c *coder, name string, p *decision.Reason) {
	word(c, name, p, reasonCode(*p), parseReason)
}

func reasonCode(r decision.Reason) string {
	if r == decision.ReasonNone {
		return ""
	}
	return r.String()
}

func parseReason(code string) (decision.Reason, error) {
	if code == "" {
		return decision.ReasonNone, nil
	}
	return decision.ParseReason(code)
}

// AppendDelivery appends d as a framed Avro value. It allocates only where dst
// has to grow.
func AppendDelivery(dst []byte, id SchemaID, d *decision.Delivery) []byte {
	return putDelivery(AppendFrame(dst, id), nil, d)
}

// DecodeDelivery reads a delivery in our schema (without its frame). Strings
// and payload alias body; the slices of dst are reused. A word that this
// program does not know is an error: a delivery is judged exactly or not at all.
func DecodeDelivery(dst *decision.Delivery, body []byte) error {
	emptyDelivery(dst)
	r := straight{b: body}
	if r.readDelivery(dst); r.done() {
		return nil
	}
	return decodeDelivery(dst, body)
}

// decodeDelivery is the coder's reading, whose errors count.
func decodeDelivery(dst *decision.Delivery, body []byte) error {
	emptyDelivery(dst)
	c := reader(body)
	deliveryFields(&c, dst)
	return c.err()
}

func emptyDelivery(dst *decision.Delivery) {
	present, dropped := dst.Identifiers.Present[:0], dst.Identifiers.Dropped[:0]
	*dst = decision.Delivery{}
	dst.Identifiers.Present, dst.Identifiers.Dropped = present, dropped
}

// Deliveries reads deliveries, whoever wrote them.
func Deliveries(r *Registry) (*Decoder[decision.Delivery], error) {
	return newDecoder(r, schemas.Delivery, DecodeDelivery)
}
