package consent

// Sections is a set of GPP section ids: bit n is section n. Ids that the
// translation table does not know share bit 0.
type Sections uint32
