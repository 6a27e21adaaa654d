package haproxy

import (
	"strconv"
	"strings"
)

// compareVersions compares two haproxy versions as .if does: up to three
// numbers, then "-dev" or "-rc" with a number below the release itself, then
// a number of commits above it. Missing parts are zero.
func compareVersions(a, b string) int {
	x, y := versionKey(a), versionKey(b)
	for i := range x {
		if x[i] != y[i] {
			if x[i] < y[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// versionKey makes comparable numbers of a version.
func versionKey(v string) [6]int {
	var k [6]int
	head, tail, _ := strings.Cut(v, "-")
	for i, p := range strings.SplitN(head, ".", 3) {
		k[i], _ = leadingDigits(p)
	}
	k[3] = 2 // a release
	switch {
	case strings.HasPrefix(tail, "dev"):
		k[3] = 0
		tail = tail[3:]
	case strings.HasPrefix(tail, "rc"):
		k[3] = 1
		tail = tail[2:]
	}
	if k[3] < 2 {
		k[4], tail = leadingDigits(tail)
		_, after, ok := strings.Cut(tail, "-")
		tail = after
		if !ok {
			tail = ""
		}
	}
	if i := strings.LastIndexByte(tail, '-'); i >= 0 {
		tail = tail[i+1:]
	}
	k[5], _ = leadingDigits(tail)
	return k
}

func leadingDigits(s string) (int, string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil {
		n = 0
	}
	return n, s[i:]
}

// opensslAtLeast compares with a version such as 1.1.1 or 3.0.2a.
func opensslAtLeast(e *CondEnv, want string, atLeast bool) (value, valid bool) {
	if want == "" || want[0] < '0' || want[0] > '9' {
		return false, false
	}
	c := strings.Compare(opensslKey(e.OpenSSL), opensslKey(want))
	return (c >= 0) == atLeast, true
}

// opensslKey makes a string that compares as the version does.
func opensslKey(v string) string {
	var b strings.Builder
	for i, p := range strings.SplitN(v, ".", 3) {
		n, rest := leadingDigits(p)
		b.WriteString(strconv.Itoa(1000 + n))
		if i == 2 {
			b.WriteString(rest)
		}
	}
	for b.Len() < 12 {
		b.WriteString("1000")
	}
	return b.String()
}

// awslcAtLeast compares the API number; it needs that library.
func awslcAtLeast(e *CondEnv, want string, atLeast bool) (value, valid bool) {
	n, rest := leadingDigits(want)
	if e.AWSLC == 0 || want == "" || rest != "" {
		return false, false
	}
	return (e.AWSLC >= n) == atLeast, true
}
