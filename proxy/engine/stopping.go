package engine

import "time"

// Stopping says that the process was told to end, so that rules can see it
// ("stopping"); connections are still taken.
func (e *Engine) Stopping() {
	if proc := e.rt.Load().cfg.Proc; proc != nil {
		proc.Stopping.Store(true)
	}
}

// leaves says whether the connection of that number is to be closed after its
// present request because the process ends. With close-spread-time, each has
// a moment of its own within that time.
func (e *Engine) leaves(id uint64) bool {
	if !e.drain.Load() {
		return false
	}
	switch d := e.spread(); {
	case d < 0:
		return false
	case d > 0:
		return time.Now().UnixNano() >= e.drainAt.Load()+int64(turn(d, id))
	}
	return true
}

// spread is close-spread-time; negative: infinite.
func (e *Engine) spread() time.Duration { return e.rt.Load().cfg.Global.CloseSpread }

// turn is when within d the connection of that number is closed.
func turn(d time.Duration, id uint64) time.Duration {
	const golden = 2654435769 // spreads consecutive numbers over 32 bits (Knuth)
	return time.Duration(float64(d) * float64(uint32(id*golden)) / (1 << 32))
}

// wakeIdle ends the connections that wait for a request and whose moment has
// come, those excepted that are to hear of it with a last response (option
// idle-close-on-response). It returns false once nothing is left to wake.
func (e *Engine) wakeIdle() bool {
	d := e.spread()
	if d < 0 {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.live {
		if !c.fe.idleOnResponse && e.leaves(c.sess.ID) {
			c.wakeIdle()
		}
	}
	for r := range e.resting {
		if !r.fe.idleOnResponse && e.leaves(r.sess.ID) {
			r.end()
		}
	}
	return d > 0 && len(e.live)+len(e.resting) > 0
}

// wakeSpread repeats wakeIdle until close-spread-time is over or stop closes.
func (e *Engine) wakeSpread(stop <-chan struct{}) {
	end := e.spread()
	tick := max(min(end/64, time.Second), 10*time.Millisecond)
	t := time.NewTicker(tick)
	defer t.Stop()
	for begin := time.Now(); time.Since(begin) < end+2*tick; {
		select {
		case <-t.C:
			e.wakeIdle()
		case <-stop:
			return
		}
	}
}
