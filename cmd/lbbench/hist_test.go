package main

import (
	"testing"
	"time"
)

func TestHistBuckets(t *testing.T) {
	t.Parallel()
	last := -1
	for v := uint64(0); v < 1<<40; v += 1 + v/100 {
		i := histIndex(v)
		if i < last || i >= histLen {
			t.Fatalf("histIndex(%d) = %d after %d of %d", v, i, last, histLen)
		}
		last = i
		got := histValue(i)
		diff := max(got, v) - min(got, v)
		if diff > v/histSub {
			t.Fatalf("value %d comes back as %d", v, got)
		}
	}
}

func TestHistQuantile(t *testing.T) {
	t.Parallel()
	var h, a, b hist
	if got := h.quantile(.5); got != 0 {
		t.Errorf("quantile of nothing = %v", got)
	}
	for i := 1; i <= 1000; i++ {
		part := &a
		if i%3 == 0 {
			part = &b
		}
		part.add(time.Duration(i) * time.Microsecond)
	}
	h.merge(&a)
	h.merge(&b)
	h.add(-time.Second)
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0, 0}, {.5, 500 * time.Microsecond}, {.99, 990 * time.Microsecond}, {.999, 999 * time.Microsecond}, {1, time.Millisecond}} {
		got := h.quantile(c.q)
		if diff := (got - c.want).Abs(); diff > c.want/50 {
			t.Errorf("quantile(%v) = %v, want about %v", c.q, got, c.want)
		}
	}
}
