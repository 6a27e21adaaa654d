package config

import (
	"math/bits"
	"strings"

	"tandem/parser/keyword"
)

const (
	maxThreads = 64   // of a group, and groups
	maxCPU     = 1023 // the highest number of a CPU
)

var cpuMap = keyword.Define(keyword.Spec{
	Name: "cpu-map", In: keyword.Global, Flags: tuning, Doc: "CPUs of threads.",
}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
	if len(a.Words) < 2 {
		return nil, e.Errorf(-1, "cpu-map expects a thread group number  ('all', 'odd', 'even', a number from 1 to 64 or a range),  followed by a list of CPU ranges with numbers from 0 to 63.")
	}
	set, auto := strings.CutPrefix(a.Words[0].Text, "auto:")
	threads := 0
	for _, part := range strings.SplitN(set, "/", 2) {
		mask, bad := threadSet(part)
		if bad != "" {
			return nil, e.Errorf(a.Words[0].Index, "cpu-map : %s", bad)
		}
		threads = bits.OnesCount64(mask)
	}
	cpus := map[int]bool{}
	for _, w := range a.Words[1:] {
		if w.Text == "" || !isDigit(w.Text[0]) {
			return nil, e.Errorf(w.Index, "cpu-map : '%s' is not a CPU range.", w.Text)
		}
		for _, part := range strings.Split(w.Text, ",") {
			low, high := cpuRange(part)
			if high > maxCPU {
				return nil, e.Errorf(w.Index, "cpu-map : supports CPU numbers from 0 to %d.", maxCPU)
			}
			for ; low <= high; low++ {
				cpus[low] = true
			}
		}
	}
	if auto && threads != len(cpus) {
		return nil, e.Errorf(-1, "cpu-map : TGROUP/THREAD range and CPU sets must have the same size to be automatically bound")
	}
	return nil, nil
})

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// threadSet reads "all", "odd", "even", a number or a range, which may lack
// its end, of threads or groups; bad is the original's complaint.
func threadSet(s string) (mask uint64, bad string) {
	switch s {
	case "all":
		return 1<<64 - 1, ""
	case "odd":
		return 0x5555555555555555, ""
	case "even":
		return 0xaaaaaaaaaaaaaaaa, ""
	}
	first, last, two := strings.Cut(s, "-")
	if strings.Trim(first, "0123456789") != "" || strings.Trim(last, "0123456789") != "" {
		return 0, "'" + s + "' is not a valid number/range."
	}
	low := laxInt(first)
	high := low
	switch {
	case two && last == "":
		high = maxThreads
	case two:
		high = laxInt(last)
	}
	if low > high {
		low, high = high, low
	}
	if low < 1 || high > maxThreads {
		return 0, "'" + s + "' is not a valid number/range. It supports numbers from 1 to 64.\n"
	}
	for ; low <= high; low++ {
		mask |= 1 << (low - 1)
	}
	return mask, ""
}

// cpuRange reads a number or a range of CPUs; what is none counts as 0.
func cpuRange(s string) (low, high int) {
	first, last, two := strings.Cut(s, "-")
	low = int(min(laxInt(first), maxCPU+1))
	switch {
	case !two:
		return low, low
	case last == "":
		return low, maxCPU
	}
	return low, int(min(laxInt(last), maxCPU+1))
}
