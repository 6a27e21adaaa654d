package logs

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseSampling reads "<ranges>:<size>", as "1,3-5:10" (configuration manual, log).
func ParseSampling(s string) (*Sampling, error) {
	ranges, size, ok := strings.Cut(s, ":")
	if !ok {
		return nil, fmt.Errorf("Missing sample size")
	}
	n, err := strconv.Atoi(size)
	if err != nil || n <= 0 {
		return nil, fmt.Errorf("smp_size value must be > 0 in sample '%s'", s)
	}
	out := &Sampling{Size: n}
	for _, r := range strings.Split(ranges, ",") {
		low, high, isRange := strings.Cut(r, "-")
		if !isRange {
			high = low
		}
		a, err1 := strconv.Atoi(low)
		b, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || a < 1 || b < a {
			return nil, fmt.Errorf("invalid range '%s' in sample '%s'", r, s)
		}
		if b > n {
			return nil, fmt.Errorf("sample range '%s' goes beyond the sample size %d", r, n)
		}
		out.Ranges = append(out.Ranges, [2]int{a, b})
	}
	return out, nil
}

// Takes says whether message i (counted from 0) is one of those to send.
func (s *Sampling) Takes(i uint64) bool {
	n := int(i%uint64(s.Size)) + 1
	for _, r := range s.Ranges {
		if n >= r[0] && n <= r[1] {
			return true
		}
	}
	return false
}
