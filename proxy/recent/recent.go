// Package recent keeps things in the order in which they were touched, as
// tables that expire, caches that forget and logs of changes need it. The
// links stand in the things themselves: moving one allocates nothing.
package recent

// List is in order of touch, the thing touched longest ago first. The zero
// List is empty. It must not be copied once it was used, and guards nothing:
// the owner's lock does.
type List[T any] struct{ ends Node[T] } // a ring; ends stands between the last and the first

// Node ties a thing into one List at a time; it is a field of the thing, and
// Of is the thing.
type Node[T any] struct {
	Of         *T
	prev, next *Node[T]
}

// First returns the one touched longest ago, nil where there is none.
func (l *List[T]) First() *Node[T] { return l.ends.Next() }

// Last returns the one touched last, nil where there is none.
func (l *List[T]) Last() *Node[T] { return l.ends.Prev() }

// Next returns the one touched after n, nil at the end.
func (n *Node[T]) Next() *Node[T] { return n.next.thing() }

// Prev returns the one touched before n, nil at the end.
func (n *Node[T]) Prev() *Node[T] { return n.prev.thing() }

// thing is n, unless it is the ends of a list.
func (n *Node[T]) thing() *Node[T] {
	if n == nil || n.Of == nil {
		return nil
	}
	return n
}

// Touch makes n the last of l; it leaves the list that it stood in.
func (l *List[T]) Touch(n *Node[T]) {
	if l.ends.prev == nil {
		l.ends.prev, l.ends.next = &l.ends, &l.ends
	}
	l.PutBehind(l.ends.prev, n)
}

// PutBehind makes n the one touched after at, which stands in l; nil: the
// first of l, which is not empty.
func (l *List[T]) PutBehind(at, n *Node[T]) {
	if at == nil {
		at = &l.ends
	}
	if at == n {
		return
	}
	n.Leave()
	n.prev, n.next = at, at.next
	at.next.prev = n
	at.next = n
}

// Leave takes n out of its list, if it stands in one.
func (n *Node[T]) Leave() {
	if n.next == nil {
		return
	}
	n.prev.next, n.next.prev = n.next, n.prev
	n.prev, n.next = nil, nil
}
