package h2

import "time"

// bell wakes the one goroutine that waits for it. Rung while nobody waits, it
// is heard by the next wait.
type bell struct {
	c chan struct{}
	t *time.Timer // of the last wait with a deadline, kept for the next
}

func newBell() bell { return bell{c: make(chan struct{}, 1)} }

func (b *bell) ring() {
	select {
	case b.c <- struct{}{}:
	default:
	}
}

// hush forgets that it was rung.
func (b *bell) hush() {
	select {
	case <-b.c:
	default:
	}
}

// wait returns when the bell rings, or at d; a zero d is never.
func (b *bell) wait(d time.Time) {
	if d.IsZero() {
		<-b.c
		return
	}
	if b.t == nil {
		b.t = time.NewTimer(time.Until(d))
	} else {
		b.t.Reset(time.Until(d))
	}
	select {
	case <-b.c:
	case <-b.t.C:
	}
	b.t.Stop()
}
