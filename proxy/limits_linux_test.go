package proxy

import (
	"syscall"
	"testing"
)

func TestMaxConnFor(t *testing.T) {
	t.Parallel()
	f := func(soft, hard uint64, listeners, want int) {
		t.Helper()
		if got := maxConnFor(syscall.Rlimit{Cur: soft, Max: hard}, listeners); got != want {
			t.Errorf("maxConnFor(%d/%d, %d) = %d, want %d", soft, hard, listeners, got, want)
		}
	}
	f(1024, 20000, 1, 9986)
	f(20000, 1024, 1, 9986)
	f(64, 64, 4, 100)
	f(1<<40, 1<<40, 0, 524275)
}
