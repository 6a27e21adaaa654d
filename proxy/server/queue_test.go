package server

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestQueueWakesInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.add(t, "b", Settings{}, "s :80 maxconn 1")
		s := b.Server("s")
		if !s.Enter() || s.Enter() {
			t.Fatal("maxconn 1 does not mean one")
		}
		var mu sync.Mutex
		var order []string
		wait := func(name string, class int, offset time.Duration) {
			now := time.Now()
			go func() {
				p := &Place{Class: class, Offset: offset}
				got, why := b.Wait(p, s, 0, nil, now)
				if got != s || why != Granted {
					t.Errorf("%s: %v %v", name, got, why)
					return
				}
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				s.Leave()
			}()
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
		wait("first", 0, 0)
		wait("second", 0, 0)
		wait("early", 0, -time.Second)
		wait("urgent", -1, 0)
		wait("late", 1, 0)
		if n := b.Waiting(); n != 5 || s.Stats.Queue.Load() != 5 {
			t.Errorf("%d waiting, %d counted", n, s.Stats.Queue.Load())
		}
		s.Leave()
		synctest.Wait()
		if got := strings.Join(order, " "); got != "urgent early first second late" {
			t.Error(got)
		}
		if s.Cur() != 0 || b.Cur() != 0 || b.Waiting() != 0 {
			t.Errorf("left over: %d running, %d in the backend, %d waiting", s.Cur(), b.Cur(), b.Waiting())
		}
	})
}

func TestQueueTimeoutAbortAndLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.add(t, "b", Settings{}, "s :80 maxconn 1 maxqueue 2")
		s := b.Server("s")
		s.Enter()
		start := time.Now()
		if _, why := b.Wait(&Place{}, s, time.Second, nil, start); why != TimedOut || time.Since(start) != time.Second {
			t.Errorf("timeout: %v after %v", why, time.Since(start))
		}
		abort := make(chan struct{})
		done := make(chan Outcome, 2)
		for range 2 {
			go func() {
				_, why := b.Wait(&Place{}, s, 0, abort, time.Now())
				done <- why
			}()
		}
		synctest.Wait()
		if _, why := b.Wait(&Place{}, s, 0, nil, time.Now()); why != Full {
			t.Errorf("maxqueue 2: %v", why)
		}
		close(abort)
		if a, b := <-done, <-done; a != Aborted || b != Aborted {
			t.Errorf("abort: %v, %v", a, b)
		}
		if b.Waiting() != 0 || s.Cur() != 1 {
			t.Errorf("%d waiting, %d running", b.Waiting(), s.Cur())
		}
	})
}

func TestBackendQueueTakesTheFirstFreeServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.add(t, "b", Settings{}, "s1 :80 maxconn 1", "s2 :81 maxconn 1")
		s1, s2 := b.Server("s1"), b.Server("s2")
		s1.Enter()
		s2.Enter()
		got := make(chan *Server)
		go func() {
			s, _ := b.Wait(&Place{}, nil, 0, nil, time.Now())
			got <- s
		}()
		synctest.Wait()
		if b.Stats.Queue.Load() != 1 {
			t.Error("the backend's queue is not counted")
		}
		s2.Leave()
		if s := <-got; s != s2 {
			t.Errorf("granted %v", s)
		}
	})
}

func TestDownServersRequeue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.add(t, "b", Settings{}, "s1 :80 maxconn 1", "s2 :81")
		s1 := b.Server("s1")
		s1.Enter()
		why := make(chan Outcome)
		go func() {
			_, o := b.Wait(&Place{}, s1, 0, nil, time.Now())
			why <- o
		}()
		synctest.Wait()
		s1.ForceHealth(Stopped, w.now)
		if o := <-why; o != Requeued {
			t.Errorf("outcome %v", o)
		}
		if !strings.Contains(w.log[0], "1 sessions active, 1 requeued, 0 remaining in queue.") {
			t.Error(w.log[0])
		}
	})
}

func TestDynamicLimit(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{FullConn: 100}, "s :80 minconn 10 maxconn 50", "o :81")
	s, o := b.Server("s"), b.Server("o")
	if s.Limit() != 10 {
		t.Errorf("idle: %d", s.Limit())
	}
	for range 40 {
		o.Enter()
	}
	if s.Limit() != 20 {
		t.Errorf("40 of 100: %d", s.Limit())
	}
	for range 70 {
		o.Enter()
	}
	if s.Limit() != 50 {
		t.Errorf("above fullconn: %d", s.Limit())
	}
	if o.Limit() != 0 || !o.Room() {
		t.Error("a server without maxconn has a limit")
	}
}

func TestSlowStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.add(t, "b", Settings{}, "s :80 weight 100 maxconn 50 slowstart 20s")
		s := b.Server("s")
		if s.EffectiveWeight() != 1600 {
			t.Errorf("at start: %d", s.EffectiveWeight())
		}
		s.ForceHealth(Stopped, time.Now())
		s.ForceHealth(Running, time.Now())
		if op, _ := s.State(); op != Starting || s.EffectiveWeight() != 16 || s.Limit() != 1 {
			t.Errorf("just up: state %v, weight %d, limit %d", op, s.EffectiveWeight(), s.Limit())
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if s.EffectiveWeight() != 800 || s.Limit() != 25 {
			t.Errorf("half way: weight %d, limit %d", s.EffectiveWeight(), s.Limit())
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if op, _ := s.State(); op != Running || s.EffectiveWeight() != 1600 || s.Limit() != 50 {
			t.Errorf("done: state %v, weight %d, limit %d", op, s.EffectiveWeight(), s.Limit())
		}
	})
}

func TestEnterDoesNotAllocate(t *testing.T) {
	w := newWorld()
	b := w.add(t, "b", Settings{}, "s :80 maxconn 10")
	s := b.Server("s")
	if n := testing.AllocsPerRun(100, func() {
		if s.Enter() {
			s.Leave()
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestQueueUnderContention(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.add(t, "b", Settings{}, "s1 :80 maxconn 2", "s2 :81 maxconn 1")
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			var p Place
			for range 200 {
				var s *Server
				for _, x := range b.Servers() {
					if x.Enter() {
						s = x
						break
					}
				}
				if s == nil {
					s, _ = b.Wait(&p, nil, 0, nil, time.Now())
				}
				if c := s.Cur(); c > s.MaxConn() {
					t.Errorf("%s has %d of %d", s.Name, c, s.MaxConn())
				}
				s.Leave()
			}
		})
	}
	wg.Wait()
	if b.Cur() != 0 || b.Waiting() != 0 {
		t.Errorf("left over: %d running, %d waiting", b.Cur(), b.Waiting())
	}
}
