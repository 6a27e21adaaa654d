package logs

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseSampling reads "<ranges>:<size>", as "1,3-5:10" (configuration manual, log).
func ParseSampling(s string) (*Sampling, error) {
	ranges, size, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return nil, fmt.Errorf("Missing sample size")
	case ranges == "":
		return nil, fmt.Errorf("no sampling ranges given")
	}
	out := &Sampling{}
	most := 0
	for _, r := range strings.Split(ranges, ",") {
		low, high, isRange := strings.Cut(r, "-")
		if !isRange {
			high = low
		}
		a, err1 := strconv.Atoi(low)
		b, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || a < 1 || b < a {
			return nil, fmt.Errorf("wrong sample range '%s'", r)
		}
		for _, o := range out.Ranges {
			if a <= o[1] && b >= o[0] {
				return nil, fmt.Errorf("ranges are overlapping")
			}
		}
		most = max(most, b)
		out.Ranges = append(out.Ranges, [2]int{a, b})
	}
	n, err := strconv.Atoi(size)
	switch {
	case err != nil || n <= 0:
		return nil, fmt.Errorf("wrong sample size '%s' for sample range '%s'", size, ranges)
	case most > n:
		return nil, fmt.Errorf("sample size %d should be greater or equal to %d the maximum of the high ranges limits", n, most)
	}
	out.Size = n
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
