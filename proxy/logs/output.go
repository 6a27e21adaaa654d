package logs

import (
	"sync"
	"time"

	"tandem/stats"
)

// Output is one place that messages go to: an address, a ring or the servers
// of a log backend.
type Output struct {
	sink  *Sink
	ring  *Ring
	group *Group
}

// send gives a message; see Ring.send for build.
func (o *Output) send(now time.Time, build func(dst, text []byte) []byte) {
	switch {
	case o.ring != nil:
		o.ring.send(build)
	case o.group != nil:
		o.group.send(now, build)
	default:
		o.sink.send(now, build)
	}
}

// Group spreads messages over the servers of a log backend ("mode log").
type Group struct {
	// Pick chooses where a message goes; nil: nobody takes it.
	Pick func(msg []byte) *Output
	// Lost counts the messages that nobody took.
	Lost *stats.Counter

	mu  sync.Mutex
	buf []byte
}

func (g *Group) send(now time.Time, build func(dst, text []byte) []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.buf = build(g.buf[:0], nil)
	to := g.Pick(g.buf)
	if to == nil {
		if g.Lost != nil {
			g.Lost.Add(1)
		}
		return
	}
	msg := g.buf
	to.send(now, func(dst, text []byte) []byte {
		if text != nil {
			return append(dst, text...)
		}
		return append(dst, msg...)
	})
}
