package h2

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// pieces is a Wire that gives what stands in it, a piece with each read.
type pieces [][]byte

func (p *pieces) Recv(b []byte, _ time.Time) (int, error) {
	if len(*p) == 0 {
		return 0, io.EOF
	}
	n := copy(b, (*p)[0])
	if (*p)[0] = (*p)[0][n:]; len((*p)[0]) == 0 {
		*p = (*p)[1:]
	}
	return n, nil
}
func (p *pieces) Send([]byte, time.Time) error { return nil }
func (p *pieces) Kick()                        {}

// A large buffer is held as long as much comes at a time, and nothing gets
// lost when buffers change.
func TestInputBuffer(t *testing.T) {
	t.Parallel()
	all := make([]byte, 40_000)
	for i := range all {
		all[i] = byte(i * i >> 8)
	}
	for _, sizes := range [][]int{{9, 30, 512, 9}, {513, 9}, {100, 600, 30}, {16393, 16393, 500, 9}, {20_000, 9}} {
		var p pieces
		var got []byte
		n := 0
		for _, k := range sizes {
			p = append(p, bytes.Clone(all[n:n+k]))
			n += k
		}
		c := New(&p, Config{})
		c.in = c.small[:]
		for most := 600; c.fill(); {
			take := min(most, c.w) // leaves some for the next turn
			got = append(got, c.in[:take]...)
			c.r = take
		}
		got = append(got, c.in[c.r:c.w]...)
		if !bytes.Equal(got, all[:n]) {
			t.Errorf("%v: %d of %d bytes", sizes, len(got), n)
		}
		c.r = c.w
		if c.fill(); c.big != nil {
			t.Errorf("%v: the large buffer is kept", sizes)
		}
	}
}
