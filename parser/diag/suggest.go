package diag

import "strings"

// Nearest returns the candidate that is most like word, or "" where none is
// near enough to be worth naming. The distance is Damerau's with single-edit
// costs; a candidate may differ by at most a third of its length, and by two
// at least; one of three letters or fewer must have two of them in common.
func Nearest(word string, candidates []string) string {
	best, bestD := "", 1<<30
	for _, c := range candidates {
		limit := max(len(c)/3, 2)
		if len(c) < 4 && common(word, c) < 2 {
			limit = 1
		}
		if d := distance(word, c, limit); d <= limit && d < bestD {
			best, bestD = c, d
		}
	}
	return best
}

// common counts the letters that a and b share.
func common(a, b string) (n int) {
	for i := range len(b) {
		if j := strings.IndexByte(a, b[i]); j >= 0 {
			a = a[:j] + a[j+1:]
			n++
		}
	}
	return n
}

// distance returns the optimal string alignment distance of a and b, or a
// number above limit as soon as it is known to be above it.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	prev2 := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		low := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
			low = min(low, cur[j])
		}
		if low > limit {
			return low
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
