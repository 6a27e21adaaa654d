package engine

import "sync"

// crewSize is how many goroutines without work are kept, at most.
const crewSize = 256

// crew are goroutines that wait for work after their first, so that short
// connections do not pay for growing a stack each. The last that ended works
// first: its stack is warm.
type crew struct {
	mu     sync.Mutex
	idle   []chan func()
	owners int // nobody waits where there is none
	low    int // fewest that waited since the last trim
}

// run calls f in a goroutine.
func (w *crew) run(f func()) {
	w.mu.Lock()
	if n := len(w.idle); n > 0 {
		c := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.low = min(w.low, n-1)
		w.mu.Unlock()
		c <- f
		return
	}
	w.mu.Unlock()
	go w.work(f)
}

func (w *crew) work(f func()) {
	c := make(chan func(), 1)
	for f != nil {
		f()
		w.mu.Lock()
		if w.owners == 0 || len(w.idle) >= crewSize {
			w.mu.Unlock()
			return
		}
		w.idle = append(w.idle, c)
		w.mu.Unlock()
		f = <-c
	}
}

// trim ends those that had nothing to do since the last trim.
func (w *crew) trim() {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(w.low, len(w.idle))
	for _, c := range w.idle[:n] {
		c <- nil
	}
	w.idle = append(w.idle[:0], w.idle[n:]...)
	w.low = len(w.idle)
}

// own lets goroutines wait for work until disown.
func (w *crew) own() {
	w.mu.Lock()
	w.owners++
	w.mu.Unlock()
}

// disown ends those that wait, when nobody else owns the crew.
func (w *crew) disown() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owners--; w.owners > 0 {
		return
	}
	for _, c := range w.idle {
		c <- nil
	}
	w.idle = nil
}
