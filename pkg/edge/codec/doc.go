// Package codec turns bytes into what the core works with and back: Avro in
// Schema Registry framing, JSON events, record headers.
//
// Every record type has one function that lists its fields in schema order
// (eventFields, deliveryFields, ...). A [coder] walks that list in one of four
// modes: it reads or writes Avro, or parses or prints JSON. So the four cannot
// drift apart, and none of them allocates.
//
// For events, deliveries and diagnostics the lists are generated from schemas
// (fields_gen.go), and with them straight-line code that does no more than the
// usual record needs: readers (read_gen.go, on [straight]) and writers
// (write_gen.go, on the functions of put.go). The coder is the reference: it
// reads again what straight gives up on, and only its errors count.
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

//go:generate go run ./generate ../../..
