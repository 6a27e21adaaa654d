package logs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// say puts a text into a ring.
func (r *Ring) say(text string) {
	r.send(func(dst, other []byte) []byte {
		if other != nil {
			return append(dst, other...)
		}
		return append(dst, text...)
	})
}

// all reads what is there.
func (x *RingReader) all() []string {
	var out []string
	for {
		b, ok := x.Next(nil)
		if !ok {
			return out
		}
		out = append(out, string(b))
	}
}

// A ring keeps the newest messages that fit, whatever their lengths.
func TestRingKeepsNewest(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	r := NewRing("r", 1000)
	var said []string
	late := r.Look(false)
	for i := range 3000 {
		m := strings.Repeat(string(rune('a'+i%26)), rnd.IntN(200))
		said = append(said, m)
		r.say(m)
		room, want := 1000, []string(nil)
		for k := len(said) - 1; k >= 0; k-- {
			need := len(said[k]) + 2
			if len(said[k]) > 127 {
				need++
			}
			if room -= need; room < 0 {
				break
			}
			want = append([]string{said[k]}, want...)
		}
		if diff := cmp.Diff(want, r.Look(false).all()); diff != "" {
			t.Fatalf("after %d (-want +got):\n%s", i, diff)
		}
	}
	if got := late.all(); len(got) == 0 || got[len(got)-1] != said[len(said)-1] {
		t.Errorf("a reader that was overtaken sees %q", got)
	}
	if got := r.Look(true).all(); got != nil {
		t.Errorf("a reader of new messages sees %q", got)
	}
}

// What a server has not got yet stays; new messages are dropped, counted, and
// their number is told in their place.
func TestRingHolds(t *testing.T) {
	t.Parallel()
	r := NewRing("r", 100)
	r.MaxLen = 60
	x := r.Attach()
	for i := range 8 {
		r.say(fmt.Sprintf("%d%s", i, strings.Repeat("x", 28)))
	}
	if n := r.Dropped(); n != 5 {
		t.Errorf("%d dropped", n)
	}
	if got := x.all(); len(got) != 3 || got[2][0] != '2' {
		t.Errorf("kept %q", got)
	}
	r.say("next")
	r.say(strings.Repeat("y", 70))
	if diff := cmp.Diff([]string{"5 events dropped", "next", strings.Repeat("y", 60)}, x.all()); diff != "" {
		t.Error(diff)
	}
	if n := r.Dropped(); n != 0 {
		t.Errorf("%d dropped, and told", n)
	}
	r.Detach(x)
	for range 10 {
		r.say(strings.Repeat("z", 60))
	}
	if n := r.Dropped(); n != 0 {
		t.Errorf("%d dropped while nobody holds", n)
	}
}

// A feeder frames messages as asked, connects again when the server goes, and
// sends what is left when everything ends.
func TestFeeder(t *testing.T) {
	t.Parallel()
	for _, octets := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := NewRing("r", 1000)
			conns := make(chan net.Conn, 10)
			dials := 0
			f := &Feeder{Ring: r, Octets: octets, Dial: func(context.Context) (net.Conn, error) {
				if dials++; dials == 2 {
					return nil, errors.New("nobody there")
				}
				here, there := net.Pipe()
				conns <- there
				return here, nil
			}}
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			r.say("before")
			wg.Go(func() { f.Run(ctx) })
			c := <-conns
			in := bufio.NewReader(c)
			expect := func(text string) {
				t.Helper()
				if octets {
					text = fmt.Sprintf("%d %s", len(text), text)
				} else {
					text += "\n"
				}
				b := make([]byte, len(text))
				if _, err := io.ReadFull(in, b); err != nil || string(b) != text {
					t.Fatalf("got %q (%v), want %q", b, err, text)
				}
			}
			expect("before")
			r.say("now")
			expect("now")
			c.Close()
			synctest.Wait()
			r.say("meanwhile")
			c = <-conns // after a pause, a failure and another pause
			in.Reset(c)
			expect("meanwhile")
			if dials != 3 {
				t.Errorf("%d dials", dials)
			}
			r.say("last")
			stop()
			expect("last")
			wg.Wait()
			if _, err := in.ReadByte(); err != io.EOF {
				t.Errorf("the connection stays: %v", err)
			}
		})
	}
}

// A server that does not read cannot keep the process from ending.
func TestFeederStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewRing("r", 1000)
		f := &Feeder{Ring: r, Dial: func(context.Context) (net.Conn, error) {
			here, _ := net.Pipe()
			return here, nil
		}}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		r.say("one")
		wg.Go(func() { f.Run(ctx) })
		synctest.Wait()
		begin := time.Now()
		stop()
		wg.Wait()
		if d := time.Since(begin); d > feedRest {
			t.Errorf("ends after %s", d)
		}
	})
}

// A server that stops reading loses its connection after the timeout, and gets
// everything on the next one.
func TestFeederTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewRing("r", 1000)
		conns := make(chan net.Conn, 10)
		f := &Feeder{Ring: r, Server: 5 * time.Second, Dial: func(context.Context) (net.Conn, error) {
			here, there := net.Pipe()
			conns <- there
			return here, nil
		}}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		r.say("one")
		wg.Go(func() { f.Run(ctx) })
		begin := time.Now()
		<-conns // nobody reads it
		c := <-conns
		if d := time.Since(begin); d != 6*time.Second {
			t.Errorf("again after %s", d)
		}
		line, err := bufio.NewReader(c).ReadString('\n')
		if line != "one\n" {
			t.Errorf("got %q (%v)", line, err)
		}
		stop()
		wg.Wait()
	})
}
