package lvs

import (
	"container/heap"
	"time"
)

// queue holds the checks that wait, the earliest first.
type queue struct{ h checkHeap }

// at queues a check for a time; one that waits already is moved.
func (q *queue) at(c *check, due time.Duration) {
	if c.due = due; c.index > 0 {
		heap.Fix(&q.h, c.index-1)
		return
	}
	heap.Push(&q.h, c)
}

// next is when the first is due.
func (q *queue) next() (time.Duration, bool) {
	if len(q.h) == 0 {
		return 0, false
	}
	return q.h[0].due, true
}

// pop takes out the first if it is due.
func (q *queue) pop(now time.Duration) *check {
	if len(q.h) == 0 || q.h[0].due > now {
		return nil
	}
	return heap.Pop(&q.h).(*check)
}

// remove takes a check out.
func (q *queue) remove(c *check) {
	if c.index > 0 {
		heap.Remove(&q.h, c.index-1)
	}
}

// checkHeap keeps in each check its place, counted from 1; 0 is not queued.
type checkHeap []*check

func (h checkHeap) Len() int           { return len(h) }
func (h checkHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h checkHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

// Push implements [heap.Interface].
func (h *checkHeap) Push(x any) {
	c := x.(*check)
	*h = append(*h, c)
	c.index = len(*h)
}

// Pop implements [heap.Interface].
func (h *checkHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	c.index = 0
	return c
}
