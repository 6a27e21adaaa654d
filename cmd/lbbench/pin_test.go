package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPickCores(t *testing.T) {
	t.Parallel()
	alone := func(c int) []int { return []int{c} }
	pairs := func(c int) []int { return []int{c &^ 1, c | 1} }
	f := func(allowed []int, siblings func(int) []int, want cores) {
		t.Helper()
		if diff := cmp.Diff(want, pickCores(allowed, siblings)); diff != "" {
			t.Errorf("pickCores(%v): %s", allowed, diff)
		}
	}
	f([]int{3}, alone, cores{Proxy: []int{3}, Load: []int{3}, Both: []int{3}, One: true})
	f([]int{0, 1}, alone, cores{Proxy: []int{0}, Load: []int{1}, Both: []int{0, 1}})
	// two threads of one core are better than one
	f([]int{0, 1}, pairs, cores{Proxy: []int{0}, Load: []int{1}, Both: []int{0, 1}})
	f([]int{0, 1, 2, 3}, pairs, cores{Proxy: []int{0}, Load: []int{2}, Both: []int{0, 2}})
}

func TestParseCPUList(t *testing.T) {
	t.Parallel()
	f := func(in string, want []int) {
		t.Helper()
		if diff := cmp.Diff(want, parseCPUList(in)); diff != "" {
			t.Errorf("parseCPUList(%q): %s", in, diff)
		}
	}
	f("0", []int{0})
	f("0-2,5", []int{0, 1, 2, 5})
	f("1,x,3-y", []int{1})
	f("", nil)
}

func TestAllowedCPUs(t *testing.T) {
	t.Parallel()
	if list, err := allowedCPUs(); err != nil || len(list) == 0 {
		t.Errorf("allowedCPUs() = %v, %v", list, err)
	}
}
