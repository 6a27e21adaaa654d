package engine

import (
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
