package proxy

import (
	"strings"
	"syscall"
	"testing"

	"tandem/proxy/config"
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

func TestRaiseDescriptors(t *testing.T) {
	t.Parallel()
	c := &config.Config{}
	for _, n := range []int{0, 10} { // what there is already suffices
		c.Global.ULimitN = n
		if err := RaiseDescriptors(c); err != nil {
			t.Errorf("ulimit-n %d: %v", n, err)
		}
	}
	c.Global.ULimitN = 1 << 40 // beyond what any system grants
	if err := RaiseDescriptors(c); err == nil || !strings.Contains(err.Error(), "Cannot raise FD limit to 1099511627776, ") {
		t.Errorf("ulimit-n 1<<40: %v", err)
	}
}
