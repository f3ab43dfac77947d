package router

// Poison overwrites every temporary buffer of the session: whatever still
// pointed into one would now be wrong.
func (s *Session) Poison() {
	for _, b := range [][]byte{s.scratch.Payload[:cap(s.scratch.Payload)], s.scratch.Provider.Buf[:cap(s.scratch.Provider.Buf)]} {
		for i := range b {
			b[i] = 0xFF
		}
	}
}
