package telemetry

// Keys of log attributes. A key means one thing everywhere, so that logs can
// be searched across roles; messages are constant and what varies stands
// under one of these. There is deliberately no key for a record's key, a
// subject or any identifier: they may not be logged.
const (
	// Where.
	KeyTopic      = "topic"
	KeyPartition  = "partition"
	KeyOffset     = "offset"
	KeyFrom       = "from"
	KeyTo         = "to"
	KeyGroup      = "group"
	KeyRole       = "role"
	KeySession    = "session"
	KeyStage      = "stage"
	KeyTable      = "table"
	KeyAddress    = "address"
	KeyHost       = "host"
	KeySchemaID   = "schema_id"
	KeyGeneration = "generation"

	// Who and what.
	KeyCustomer    = "customer"
	KeyDestination = "destination"
	KeyMapping     = "mapping"
	KeyPolicy      = "policy"
	KeyProvider    = "provider"
	KeyLane        = "lane"
	KeyReplay      = "replay"
	KeyVersion     = "version"
	KeyOwner       = "owner"

	// How it went.
	KeyStatus     = "status"
	KeyReason     = "reason"
	KeyClass      = "class"
	KeyCode       = "code"
	KeyHTTPStatus = "http_status"
	KeyState      = "state"
	KeyAttempt    = "attempt"
	KeyWait       = "wait"
	KeyUntil      = "until"
	KeyError      = "error"
	KeyFix        = "fix"

	// How much.
	KeyCount    = "count"
	KeyRecords  = "records"
	KeyBytes    = "bytes"
	KeyDuration = "duration"
	KeyAge      = "age"
)
