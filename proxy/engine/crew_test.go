package engine

import (
	"runtime"
	"sync"
	"testing"
)

// All work is done, by as few goroutines as it needs at once; none is left
// behind.
func TestCrew(t *testing.T) {
	t.Parallel()
	var w crew
	w.own()
	w.own()
	var all sync.WaitGroup
	for range 3 * crewSize {
		all.Add(1)
		w.run(all.Done)
	}
	all.Wait()
	w.disown()
	w.mu.Lock()
	n := len(w.idle)
	w.mu.Unlock()
	if n > crewSize {
		t.Errorf("%d goroutines wait", n)
	}
	w.disown()
	done := make(chan int)
	w.run(func() { done <- 1 }) // also without an owner
	<-done
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.idle) != 0 {
		t.Errorf("%d goroutines wait for nobody", len(w.idle))
	}
}

// Those that had nothing to do between two trims end.
func TestCrewTrim(t *testing.T) {
	t.Parallel()
	var w crew
	w.own()
	defer w.disown()
	waiting := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.idle)
	}
	w.run(func() {})
	for waiting() == 0 {
		runtime.Gosched()
	}
	w.trim()
	if n := waiting(); n != 1 {
		t.Errorf("%d goroutines wait after the first trim", n)
	}
	w.trim()
	if n := waiting(); n != 0 {
		t.Errorf("%d goroutines wait after the second trim", n)
	}
}
