package x

import (
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// How hashed values are normalised. X's page asks for addresses without white space
// around them; lower case is what other senders add. Dots and +tags stay.
var (
	emailForm = normal.EmailField(resource.EmailPlain)
	phoneForm = normal.PhoneField(resource.PhoneE164)
)
