package track

import (
	"slices"
	"sync"
)

// outbox hands results on from a goroutine of its own, so that who finds a
// result never waits for who takes it: the taker may be waiting for the finder
// to stop. Of one thing only the newest result is kept.
type outbox struct {
	mu     sync.Mutex
	queue  []Result
	last   map[key]Result
	wake   chan struct{}
	closed bool
}

type key struct {
	kind Kind
	name string
}

// newOutbox starts handing results to tell.
func newOutbox(tell func(Result)) *outbox {
	o := &outbox{last: make(map[key]Result), wake: make(chan struct{}, 1)}
	go func() {
		for range o.wake {
			for r, ok := o.next(); ok; r, ok = o.next() {
				tell(r)
			}
		}
	}()
	return o
}

func (o *outbox) put(r Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.last[key{r.Kind, r.Name}] = r
	i := slices.IndexFunc(o.queue, func(q Result) bool { return q.Kind == r.Kind && q.Name == r.Name })
	if i >= 0 {
		o.queue[i] = r
	} else {
		o.queue = append(o.queue, r)
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) next() (Result, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		return Result{}, false
	}
	r := o.queue[0]
	o.queue = slices.Delete(o.queue, 0, 1)
	return r, true
}

// known is the last result of a thing.
func (o *outbox) known(kind Kind, name string) (Result, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r, ok := o.last[key{kind, name}]
	return r, ok
}

// close drops what has not been taken.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.closed, o.queue = true, nil
		close(o.wake)
	}
}
