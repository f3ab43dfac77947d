package codec

// Limits of an event (schemas/analytics_event.avsc).
const (
	// MaxEventBytes is the size of a record's value beyond which it is
	// event.too_large.
	MaxEventBytes = 1 << 20
	// MaxFieldBytes is the size of a string beyond which the event is
	// event.invalid.
	MaxFieldBytes = 64 << 10
	// MaxEntries is the number of entries of a list or map beyond which the
	// event is event.invalid. It bounds what one event can make a reused
	// struct keep.
	MaxEntries = 1000
	// MaxCustomerBytes is the longest customer id.
	MaxCustomerBytes = 128
)

// Faults that more than one decoder reports, in the same words.
const (
	tooLongField   = "it is longer than 64 KiB"
	tooManyEntries = "it has more than 1000 entries"
	notFinite      = "it is not a finite number"
)

// Times are epoch milliseconds between 1973 and the end of 9999. What is below
// looks like seconds.
const (
	minTime = 100_000_000_000
	maxTime = 253_402_300_799_999
)

// timeFault says what is wrong with a time, or nothing.
func timeFault(ms int64) string {
	switch {
	case ms < minTime:
		return "it is missing or looks like seconds; epoch milliseconds are wanted"
	case ms > maxTime:
		return "it lies beyond the year 9999; epoch milliseconds are wanted"
	default:
		return ""
	}
}

// customerFault says what is wrong with a customer id, or nothing.
func customerFault(id string) string {
	if id == "" {
		return "it is missing"
	}
	if len(id) > MaxCustomerBytes {
		return "it is longer than 128 characters"
	}
	for i := range len(id) {
		if !customerChar[id[i]] {
			return "it contains a character other than A-Z a-z 0-9 . _ -"
		}
	}
	return ""
}

var customerChar = func() (ok [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") {
		ok[c] = true
	}
	return ok
}()
