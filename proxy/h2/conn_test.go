package h2

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"tandem/proxy/tx"
)

func newMessage(method, uri string) *tx.Message {
	m := &tx.Message{Method: []byte(method), URI: []byte(uri), Version: 11}
	m.AddString("host", "a")
	return m
}

// pipeWire is one end of a net.Pipe.
type pipeWire struct{ net.Conn }

func (p pipeWire) Recv(b []byte, d time.Time) (int, error) {
	p.SetReadDeadline(d)
	n, err := p.Read(b)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (p pipeWire) Send(b []byte, d time.Time) error {
	p.SetWriteDeadline(d)
	_, err := p.Write(b)
	return err
}

func (p pipeWire) Kick() { p.SetReadDeadline(time.Unix(1, 0)) }

// pair connects a client to a server whose streams serve answers.
func pair(srv Config, serve func(s *Stream)) (client *Conn, server *Conn) {
	a, b := net.Pipe()
	srv.Accept = func(s *Stream) { go serve(s) }
	srv.Close = func(error) { b.Close() }
	server = New(pipeWire{b}, srv)
	go server.Serve(nil)
	client = New(pipeWire{a}, Config{Client: true, Window: 16384, Close: func(error) { a.Close() }})
	client.Start(func(error) {})
	return client, server
}

func (c *Conn) hangUp() {
	c.GoAway()
	c.Ready()
	c.wire.Kick()
}

// TestBackPressure: a client that does not read stops the server's writer
// before more than the windows is under way, and a reader lets it go on.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := make(chan int, 1)
		c, _ := pair(Config{MaxStreams: 10}, func(s *Stream) {
			_ = s.SendHead(&tx.Message{Status: 200}, false)
			n, err := 0, error(nil)
			buf := make([]byte, 8192)
			for err == nil && n < 1<<20 {
				err = s.Send(buf, false, time.Now().Add(time.Second))
				if err == nil {
					n += len(buf)
				}
			}
			sent <- n
			if errors.Is(err, os.ErrDeadlineExceeded) {
				_ = s.Send(nil, true, time.Time{})
			}
			s.Close()
		})
		st := c.Open(10)
		m := newMessage("GET", "/")
		if err := st.Request(m, true); err != nil {
			t.Fatal(err)
		}
		if err := st.ReadHead(m, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if n := <-sent; n > 16384 { // the window, and no more, until time is over
			t.Errorf("%d bytes went to a client that does not read", n)
		}
		b, err := io.ReadAll(st)
		if err != nil || len(b) != 16384 {
			t.Errorf("read %d bytes, %v", len(b), err)
		}
		st.Close()
		c.hangUp()
	})
}

// TestLongBodies: bodies much longer than all windows pass both ways at once.
func TestLongBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := pair(Config{MaxStreams: 10, Window: 16384, RxBuf: 1 << 17}, func(s *Stream) {
			_ = s.SendHead(&tx.Message{Status: 200}, false)
			_, _ = io.Copy(s, s)
			_ = s.SendTrailers([]tx.Field{{Name: []byte("x-t"), Value: []byte("1")}})
			s.Close()
		})
		want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		st := c.Open(10)
		m := newMessage("POST", "/")
		_ = st.Request(m, false)
		go func() { _ = st.Send(want, true, time.Time{}) }()
		if err := st.ReadHead(m, time.Time{}); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(st)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d of %d bytes came back, %v", len(got), len(want), err)
		}
		if f := st.Trailers().Fields; len(f) != 1 || string(f[0].Name) != "x-t" {
			t.Errorf("trailers %v", f)
		}
		st.Close()
		c.hangUp()
	})
}

// TestIdle: a connection without streams ends with GOAWAY when its time is
// over, and not while a stream is open.
func TestIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := pair(Config{MaxStreams: 10, Idle: func(bool) time.Duration { return 10 * time.Second }}, func(s *Stream) {
			time.Sleep(30 * time.Second)
			_ = s.SendHead(&tx.Message{Status: 204}, true)
			s.Close()
		})
		begin := time.Now()
		st := c.Open(10)
		m := newMessage("GET", "/")
		_ = st.Request(m, true)
		if err := st.ReadHead(m, time.Time{}); err != nil || m.Status != 204 {
			t.Fatalf("%d, %v", m.Status, err)
		}
		st.Close()
		c.mu.Lock()
		for !c.gone && c.err == nil {
			c.cond.Wait()
		}
		c.mu.Unlock()
		if d := time.Since(begin); d < 40*time.Second || d > 51*time.Second {
			t.Errorf("the connection ended after %v", d)
		}
		c.hangUp()
	})
}

// TestGoAway: what the server does not take any more can be tried elsewhere,
// what it took goes to its end.
func TestGoAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		taken := make(chan *Stream, 10)
		c, server := pair(Config{MaxStreams: 10}, func(s *Stream) { taken <- s })
		first := c.Open(10)
		_ = first.Request(newMessage("GET", "/1"), true)
		s := <-taken
		server.GoAway()
		synctest.Wait()
		if c.Open(10) != nil {
			t.Error("a stream was opened behind GOAWAY")
		}
		_ = s.SendHead(&tx.Message{Status: 200}, true)
		s.Close()
		m := &tx.Message{}
		if err := first.ReadHead(m, time.Time{}); err != nil || m.Status != 200 {
			t.Errorf("%d, %v", m.Status, err)
		}
		first.Close()
		c.hangUp()
	})
}

// TestReset: each side learns of the other's reset.
func TestReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := make(chan struct{})
		c, _ := pair(Config{MaxStreams: 10}, func(s *Stream) {
			s.OnReset(func() { close(told) })
			<-told
			s.Close()
		})
		st := c.Open(10)
		_ = st.Request(newMessage("GET", "/"), true)
		synctest.Wait()
		st.Close()
		<-told
		c.hangUp()
	})
}
