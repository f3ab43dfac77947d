package identity

// ShortSum is the way that Sum256 takes for a short message.
func ShortSum(message []byte) (sum [32]byte, ok bool) {
	ok = sumFrom(&sum, nil, 0, message)
	return sum, ok
}
