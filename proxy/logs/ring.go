package logs

import (
	"encoding/binary"
	"strconv"
	"sync"
)

// Ring keeps the last messages in a fixed amount of memory (configuration
// manual 12.5). Servers that are fed from it hold messages until they have
// them: while one does not take them and all room is theirs, new messages are
// dropped and counted.
type Ring struct {
	Name, Description string
	Format            string // of all messages, whatever the log line says; "": raw
	MaxLen            int    // of a message, bytes; 0: as the log line says

	mu      sync.Mutex
	buf     []byte // circular
	head    uint64 // position of the oldest message
	tail    uint64 // behind the newest
	holders []*RingReader
	lost    uint64 // since it was last told
	wake    chan struct{}
	scratch []byte
}

// NewRing makes a ring of size bytes.
func NewRing(name string, size int) *Ring {
	return &Ring{Name: name, Description: name, buf: make([]byte, max(size, 64))}
}

// RingReader is a place in a ring.
type RingReader struct {
	r   *Ring
	pos uint64
}

// Attach returns a reader at the oldest message. Messages wait for it until
// Detach.
func (r *Ring) Attach() *RingReader {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := &RingReader{r, r.head}
	r.holders = append(r.holders, x)
	return x
}

// Detach lets the ring go on without x.
func (r *Ring) Detach(x *RingReader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, h := range r.holders {
		if h == x {
			r.holders = append(r.holders[:i], r.holders[i+1:]...)
			return
		}
	}
}

// Look returns a reader that holds nothing: it loses what is overwritten.
// fresh begins behind the newest message.
func (r *Ring) Look(fresh bool) *RingReader {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fresh {
		return &RingReader{r, r.tail}
	}
	return &RingReader{r, r.head}
}

// Next appends the next message to dst and moves on; ok is false where there
// is none yet.
func (x *RingReader) Next(dst []byte) (out []byte, ok bool) {
	r := x.r
	r.mu.Lock()
	defer r.mu.Unlock()
	x.pos = max(x.pos, r.head)
	if x.pos == r.tail {
		return dst, false
	}
	at, n := r.entry(x.pos)
	x.pos = at + uint64(n)
	return r.copyOut(dst, at, n), true
}

// Wait returns a channel that is closed at the next message; nil where one is
// there already.
func (x *RingReader) Wait() <-chan struct{} {
	r := x.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if x.pos != r.tail {
		return nil
	}
	if r.wake == nil {
		r.wake = make(chan struct{})
	}
	return r.wake
}

// Dropped returns how many messages found no room since that was last told.
func (r *Ring) Dropped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// send puts a message into the ring; build(dst, nil) makes it, build(dst, text)
// the same message with another text.
func (r *Ring) send(build func(dst, text []byte) []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost > 0 {
		text := strconv.AppendUint(make([]byte, 0, 40), r.lost, 10)
		if text = append(text, " event"...); r.lost > 1 {
			text = append(text, 's')
		}
		r.scratch = build(r.scratch[:0], append(text, " dropped"...))
		if !r.put(r.scratch) {
			r.lost++
			return
		}
		r.lost = 0
	}
	r.scratch = build(r.scratch[:0], nil)
	if !r.put(r.scratch) {
		r.lost++
	}
}

// Overhead of a message: its length, and a byte as the original has for the
// number of its readers.
const ringByte = 1

func (r *Ring) put(msg []byte) bool {
	if r.MaxLen > 0 && len(msg) > r.MaxLen {
		msg = msg[:r.MaxLen]
	}
	var head [binary.MaxVarintLen64 + ringByte]byte
	k := binary.PutUvarint(head[:], uint64(len(msg))) + ringByte
	need := uint64(k + len(msg))
	if need > uint64(len(r.buf)) {
		return false
	}
	for r.tail-r.head+need > uint64(len(r.buf)) {
		for _, h := range r.holders {
			if h.pos <= r.head {
				return false
			}
		}
		at, n := r.entry(r.head)
		r.head = at + uint64(n)
	}
	r.copyIn(r.tail, head[:k])
	r.copyIn(r.tail+uint64(k), msg)
	r.tail += need
	if r.wake != nil {
		close(r.wake)
		r.wake = nil
	}
	return true
}

// entry returns where the text of the message at pos begins and how long it is.
func (r *Ring) entry(pos uint64) (at uint64, n int) {
	var v uint64
	for shift := 0; ; shift += 7 {
		c := r.buf[pos%uint64(len(r.buf))]
		pos++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return pos + ringByte, int(v)
		}
	}
}

func (r *Ring) copyIn(pos uint64, b []byte) {
	i := int(pos % uint64(len(r.buf)))
	k := copy(r.buf[i:], b)
	copy(r.buf, b[k:])
}

func (r *Ring) copyOut(dst []byte, pos uint64, n int) []byte {
	i := int(pos % uint64(len(r.buf)))
	k := min(n, len(r.buf)-i)
	dst = append(dst, r.buf[i:i+k]...)
	return append(dst, r.buf[:n-k]...)
}
