package codec

import "encoding/binary"

// SchemaID is the registry's id of a schema.
type SchemaID uint32

// frameBytes is the length of the frame: a zero byte and the schema id, four
// bytes, big endian (Confluent's wire format).
const frameBytes = 5

// AppendFrame appends the frame that precedes every Avro value.
func AppendFrame(dst []byte, id SchemaID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0), uint32(id))
}

// Unframe splits a value into its schema id and its body. Errors are
// *DecodeError.
func Unframe(value []byte) (SchemaID, []byte, error) {
	if len(value) < frameBytes {
		return 0, nil, undecodable("the value is shorter than the registry's frame of 5 bytes")
	}
	if value[0] != 0 {
		return 0, nil, undecodable("the value does not begin with the registry's magic byte 0; set input.format: json if it is JSON")
	}
	return SchemaID(binary.BigEndian.Uint32(value[1:])), value[frameBytes:], nil
}
