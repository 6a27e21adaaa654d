package listen

// IsTLS says whether a word of the table is one of the TLS words, which the
// original's dump lists apart.
func IsTLS(name string) bool {
	for _, d := range tlsWords {
		if d.Name == name {
			return true
		}
	}
	return false
}
