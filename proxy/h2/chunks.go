package h2

import "sync"

// chunks holds received bytes until they are read.
type chunks struct{ list []*chunk }

type chunk struct {
	r, w int
	b    [chunkSize]byte
}

var chunkPool = sync.Pool{New: func() any { return new(chunk) }}

func (q *chunks) add(p []byte) {
	for len(p) > 0 {
		var k *chunk
		if n := len(q.list); n > 0 && q.list[n-1].w < chunkSize {
			k = q.list[n-1]
		} else {
			k = chunkPool.Get().(*chunk)
			k.r, k.w = 0, 0
			q.list = append(q.list, k)
		}
		n := copy(k.b[k.w:], p)
		k.w += n
		p = p[n:]
	}
}

func (q *chunks) read(b []byte) (n int) {
	for n < len(b) && len(q.list) > 0 {
		k := q.list[0]
		m := copy(b[n:], k.b[k.r:k.w])
		k.r += m
		n += m
		if k.r == k.w {
			chunkPool.Put(k)
			q.list = q.list[:copy(q.list, q.list[1:])]
		}
	}
	return n
}

func (q *chunks) free() {
	for _, k := range q.list {
		chunkPool.Put(k)
	}
	q.list = nil
}
