package diag

// Nearest returns the candidate that is most like word, or "" where none is
// near enough to be worth naming; of equals it is the first. The measure was
// found by asking haproxy 3.5 about some thousand misspelt words, so that the
// name in "did you mean '…' maybe ?" is the one that it gives: words differ by
// each letter that only one of them has and by each pair of neighbours that
// one has more often, and must not differ by more than twice the length of the
// shorter one. Digits count as one letter, all other signs as the word's ends.
func Nearest(word string, candidates []string) string {
	best, bestD := "", 1<<30
	var w likeness
	w.count(word)
	for _, c := range candidates {
		if c == "" {
			continue
		}
		d := w.distance(c)
		if d < bestD {
			best, bestD = c, d
		}
	}
	if bestD > 2*min(len(word), len(best)) {
		return ""
	}
	return best
}

// letterKinds are the letters, the digits and all else.
const letterKinds = 28

// likeness is what the measure knows of a word: which letters it has, and how
// often each pair of neighbours.
type likeness struct {
	letters [letterKinds]bool
	pairs   [letterKinds][letterKinds]int16
}

// count adds the letters and pairs of s.
func (l *likeness) count(s string) {
	last := 0
	for i := range len(s) {
		k := letterKind(s[i])
		l.letters[k] = true
		l.pairs[last][k]++
		last = k
	}
	l.pairs[last][0]++
}

// distance is how much s differs from the word that l was made of.
func (l *likeness) distance(s string) (d int) {
	var other likeness
	other.count(s)
	for i := range l.letters {
		if l.letters[i] != other.letters[i] {
			d++
		}
		for j := range l.pairs[i] {
			if n := int(l.pairs[i][j]) - int(other.pairs[i][j]); n > 0 {
				d += n
			} else {
				d -= n
			}
		}
	}
	return d
}

// letterKind tells letters apart, whatever their case, from digits and the
// rest.
func letterKind(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 1
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 1
	case c >= '0' && c <= '9':
		return letterKinds - 1
	}
	return 0
}
