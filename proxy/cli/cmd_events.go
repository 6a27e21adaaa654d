package cli

import (
	"strings"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/logs"
)

// eventCommands show what rings hold.
var eventCommands = []*keyword.Def[Command]{
	command("show events", " [<sink>] [-w] [-n] [-0]", User, "show the contents of a ring.", showEvents),
}

func showEvents(c *Call) {
	if c.Sinks == nil {
		c.fail("No such event sink")
		return
	}
	name := c.arg(0)
	if name == "" {
		listSinks(c)
		return
	}
	wait, fresh, end := false, false, byte('\n')
	ring := c.Sinks.Ring(name)
	switch {
	case name == "stdout" || name == "stderr":
		c.fail("Nothing to report for this sink")
		return
	case ring == nil:
		c.fail("No such event sink")
		return
	}
	for i := 1; c.arg(i) != ""; i++ {
		flags, ok := strings.CutPrefix(c.arg(i), "-")
		for _, f := range flags {
			switch f {
			case 'w':
				wait = true
			case 'n':
				fresh = true
			case '0':
				end = 0
			default:
				ok = false
			}
		}
		if !ok || flags == "" {
			c.fail("unknown option")
			return
		}
	}
	c.events(ring.Look(fresh), wait, end)
}

func listSinks(c *Call) {
	c.printf("Supported events sinks are listed below. Add -0(zero), -w(wait), -n(new). Any key to stop.\n")
	line := func(name, kind string, dropped uint64, about string) {
		c.printf("    %-10s : type=%s, %d dropped, %s\n", name, kind, dropped, about)
	}
	line("stdout", "fd", 0, "standard output (fd#1)")
	line("stderr", "fd", 0, "standard output (fd#2)")
	c.Sinks.EachRing(func(r *logs.Ring) { line(r.Name, "buffer", r.Dropped(), r.Description) })
}

// events writes the messages that x comes by. With wait it goes on until the
// client says anything or leaves.
func (c *Call) events(x *logs.RingReader, wait bool, end byte) {
	var said <-chan struct{}
	var b []byte
	for {
		b = b[:0]
		for len(b) < 16<<10 {
			var ok bool
			if b, ok = x.Next(b); !ok {
				break
			}
			b = append(b, end)
		}
		if len(b) > 0 {
			c.write(b)
			continue
		}
		if !wait {
			return
		}
		if !c.flush() {
			return
		}
		if said == nil {
			var done func()
			said, done = c.sess.input()
			defer done()
		}
		wake := x.Wait()
		if wake == nil {
			continue
		}
		select {
		case <-wake:
		case <-said:
			return
		case <-c.Ctx.Done():
			return
		}
	}
}

// flush sends what was written so far; false: nobody takes it.
func (c *Call) flush() bool {
	a, ok := c.out.(*answer)
	if ok {
		a.flush()
	}
	return ok && a.err == nil
}

// input returns a channel that is closed when the client says anything, which
// is thrown away, or leaves. done must be called before anything else is read.
func (s *session) input() (said <-chan struct{}, done func()) {
	ch := make(chan struct{})
	_ = s.conn.SetReadDeadline(time.Time{})
	go func() {
		defer close(ch)
		if _, err := s.in.ReadByte(); err == nil {
			_, _ = s.in.Discard(s.in.Buffered())
		}
	}()
	return ch, func() {
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
		<-ch
		_ = s.conn.SetReadDeadline(time.Time{})
	}
}
