// Package codec turns bytes into what the core works with and back: Avro in
// Schema Registry framing, JSON events, record headers.
//
// Every record type has one function that lists its fields in schema order
// (eventFields, deliveryFields, ...). A [coder] walks that list in one of three
// modes: it reads Avro, writes Avro, or prints JSON. So the three cannot drift
// apart, and none of them allocates.
//
// Three things are done to a value before its fields are read:
//
//	value ── unframe ──► schema id ── Registry ──► plan ── resolve ──► body in our schema ── fields ──► struct
//
// Where the writer's schema has the shape of ours, resolve does nothing. Where
// it is older, newer or somebody else's, a plan compiled once per schema id
// rewrites the body into our shape, and the same field list reads it.
//
// Non-obvious:
//   - Decoded strings alias the value. They live as long as the record does.
//   - A consent object of the wrong type is not a decoding error: it sets
//     consent.Input.Malformed, because consent that cannot be read must reach
//     the gate and be refused there.
//   - Errors name fields and positions, never values.
package codec
