package filter

import "iter"

// listOf yields the elements of a field's list, blanks around them cut off.
// Commas in quotes do not separate (RFC 9110 5.6.1).
func listOf(v []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			n := elementEnd(v)
			if !yield(trim(v[:n])) || n == len(v) {
				return
			}
			v = v[n+1:]
		}
	}
}

// elementEnd returns where the first comma outside of quotes stands.
func elementEnd(v []byte) int {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\' && quoted:
			i++
		case v[i] == '"':
			quoted = !quoted
		case v[i] == ',' && !quoted:
			return i
		}
	}
	return len(v)
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

func trim(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// hasPrefixFold says whether b begins with the lower-case word.
func hasPrefixFold(b []byte, word string) bool {
	return len(b) >= len(word) && equalFold(b[:len(word)], word)
}

// equalFold compares with a lower-case word.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
