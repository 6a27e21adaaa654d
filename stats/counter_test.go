package stats

import (
	"sync"
	"testing"
)

func TestGauge(t *testing.T) {
	t.Parallel()
	var g Gauge
	g.Add(3)
	g.Add(-2)
	g.Add(1)
	if g.Load() != 2 || g.Max() != 3 {
		t.Errorf("got %d, max %d, want 2, 3", g.Load(), g.Max())
	}
	g.Add(-5)
	if g.Load() != 0 {
		t.Errorf("a level below zero reads %d, want 0", g.Load())
	}
	g.Set(9)
	if g.Load() != 9 || g.Max() != 9 {
		t.Errorf("after Set: %d, max %d", g.Load(), g.Max())
	}
	g.clear(true)
	if g.Load() != 9 || g.Max() != 0 {
		t.Errorf("after clear: %d, max %d, want 9, 0", g.Load(), g.Max())
	}
}

func TestGaugeConcurrent(t *testing.T) {
	t.Parallel()
	var g Gauge
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				g.Add(1)
				g.Add(-1)
			}
		})
	}
	wg.Wait()
	if g.Load() != 0 || g.Max() < 1 || g.Max() > 8 {
		t.Errorf("level %d, max %d", g.Load(), g.Max())
	}
}

func TestRateSlides(t *testing.T) {
	t.Parallel()
	var r Rate
	const s = 1_000_000 // some start, on a period border
	for i := range int64(10) {
		r.Add(s+i*100, 1)
	}
	steps := []struct {
		at   int64
		want uint32
	}{
		{s + 950, 10},  // all in this period
		{s + 1000, 10}, // the whole past period counts
		{s + 1250, 7},  // three quarters of it
		{s + 1500, 5},
		{s + 1999, 0},
		{s + 2000, 0}, // two periods later: nothing
		{s + 9000, 0},
	}
	for _, st := range steps {
		if got := r.Read(st.at); got != st.want {
			t.Errorf("at +%d: %d, want %d", st.at-s, got, st.want)
		}
	}
	if r.Max() != 10 {
		t.Errorf("max %d, want 10", r.Max())
	}
	r.Add(s+1500, 4)
	if got := r.Read(s + 1500); got != 4+5 {
		t.Errorf("both periods: %d, want 9", got)
	}
}

func TestRateLonelyEvent(t *testing.T) {
	t.Parallel()
	var r Rate
	r.Add(5_000, 1)
	for _, at := range []int64{5_999, 6_000, 6_500, 6_999} {
		if got := r.Read(at); got != 1 {
			t.Errorf("at %d: %d, want a steady 1", at, got)
		}
	}
	if got := r.Read(7_000); got != 0 {
		t.Errorf("after two periods: %d", got)
	}
}

func TestRateClock(t *testing.T) {
	t.Parallel()
	var r Rate
	r.Add(10_100, 2)
	r.Add(9_900, 3) // read its clock before the first
	if got := r.Read(10_200); got != 5 {
		t.Errorf("late clock lost events: %d, want 5", got)
	}
	if got := r.Read(9_950); got != 5 {
		t.Errorf("reader with an old clock: %d, want 5", got)
	}
	r.Add(-5, 1) // nonsense is counted, not lost and no panic
	if got := r.Read(10_200); got != 6 {
		t.Errorf("negative clock: %d, want 6", got)
	}
}

func TestRatePeriodAndWait(t *testing.T) {
	t.Parallel()
	r := NewRate(10_000)
	r.Add(0, 20)
	if got := r.Read(15_000); got != 10 {
		t.Errorf("half of a 10 s period: %d, want 10", got)
	}
	if w := r.Wait(15_000, 11, 1); w != 0 {
		t.Errorf("one more fits, yet wait %d", w)
	}
	if w := r.Wait(15_000, 10, 1); w != 1000 {
		t.Errorf("one too many of 10 in 10 s: wait %d, want 1000", w)
	}
	if w := r.Wait(15_000, 0, 100); w != 0 {
		t.Errorf("no limit, yet wait %d", w)
	}
	r.clear(true)
	if r.Read(15_000) != 0 || r.Max() != 0 {
		t.Error("clear left something")
	}
}

func TestRateConcurrent(t *testing.T) {
	t.Parallel()
	var r Rate
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				r.Add(3_000, 1)
			}
		})
	}
	wg.Wait()
	if got := r.Read(3_500); got != 4000 {
		t.Errorf("%d, want 4000", got)
	}
}

func TestAverage(t *testing.T) {
	t.Parallel()
	var a Average
	if a.Load() != 0 {
		t.Error("no samples: want 0")
	}
	a.Add(100)
	if a.Load() != 100 {
		t.Errorf("one sample: %d", a.Load())
	}
	a.Add(0)
	a.Add(1)
	if a.Load() != 34 { // 101/3 rounded up
		t.Errorf("three samples: %d, want 34", a.Load())
	}
	a.Add(-1)
	if a.Load() != 34 || a.Max() != 100 {
		t.Errorf("a time not measured counted: %d, max %d", a.Load(), a.Max())
	}
}

func TestAverageForgets(t *testing.T) {
	t.Parallel()
	var a Average
	for range AverageSamples {
		a.Add(1000)
	}
	if a.Load() != 1000 {
		t.Fatalf("full window: %d", a.Load())
	}
	for range AverageSamples {
		a.Add(0)
	}
	// After as many values as the window is wide, 1/e of the old is left.
	if got := a.Load(); got < 360 || got > 372 {
		t.Errorf("after 1024 zeroes: %d, want about 368", got)
	}
	a.clear(false)
	if a.Max() != 0 || a.Load() == 0 {
		t.Error("clearing maximums must keep the average")
	}
	a.clear(true)
	if a.Load() != 0 {
		t.Error("clearing all must drop the average")
	}
}

func TestLastSeen(t *testing.T) {
	t.Parallel()
	var l LastSeen
	if l.Ago(5000) != -1 {
		t.Error("never must read -1")
	}
	l.Touch(0)
	if got := l.Ago(12_345); got != 12 {
		t.Errorf("%d, want 12", got)
	}
	l.Touch(20_000)
	if got := l.Ago(19_000); got != 0 {
		t.Errorf("future reads %d, want 0", got)
	}
}
