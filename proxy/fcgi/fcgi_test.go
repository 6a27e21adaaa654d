package fcgi

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/proxy/tx"
)

// wire makes a Wire of a pipe.
type wire struct{ net.Conn }

func (w wire) Recv(b []byte, d time.Time) (int, error) {
	w.SetReadDeadline(d)
	return w.Read(b)
}

func (w wire) Send(b []byte, d time.Time) error {
	w.SetWriteDeadline(d)
	_, err := w.Write(b)
	return err
}

// pair is a connection and the application's end of it, which throws away
// what it gets.
func pair(cfg Config) (*Conn, net.Conn, chan []byte) {
	us, them := net.Pipe()
	heard := make(chan []byte, 64)
	go func() {
		for {
			b := make([]byte, 1<<17)
			n, err := them.Read(b)
			if err != nil {
				close(heard)
				return
			}
			heard <- b[:n]
		}
	}()
	cfg.Close = func(error) { us.Close() }
	c := New(wire{us}, cfg)
	go c.Serve()
	return c, them, heard
}

func stdout(id uint16, s string) []byte {
	return append(appendHead(nil, typeStdout, id, len(s)), s...)
}

func end(id uint16, status byte) []byte {
	return append(appendHead(nil, typeEnd, id, 8), 0, 0, 0, 0, status, 0, 0, 0)
}

func get() *tx.Message { return &tx.Message{Method: []byte("GET"), Version: 11} }

// TestMultiplex answers two requests on one connection, mixed.
func TestMultiplex(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, app, _ := pair(Config{KeepConn: true, Mpxs: true, MaxReqs: 2})
		defer app.Close()
		a, b := c.Open(9), c.Open(9)
		if c.Open(9) != nil {
			t.Error("a third request although the application takes two")
		}
		for _, s := range []*Stream{a, b} {
			if err := s.Request(get(), true); err != nil {
				t.Fatal(err)
			}
		}
		app.Write(stdout(3, "X: b\r\n\r\nbo"))
		app.Write(stdout(1, "X: a\r\n\r\nal"))
		app.Write(append(append(stdout(9, "nobody's"), stdout(1, "pha")...), end(1, 0)...))
		app.Write(append(stdout(3, "dy"), end(3, 0)...))
		for s, want := range map[*Stream]string{a: "alpha", b: "body"} {
			var m tx.Message
			if err := s.ReadHead(&m, time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(s)
			if string(got) != want || err != nil || m.Status != 200 {
				t.Errorf("got %q %v %d, want %q", got, err, m.Status, want)
			}
			s.Close()
		}
		if ok, n := c.Usable(); !ok || n != 0 {
			t.Errorf("usable %v with %d requests", ok, n)
		}
	})
}

// TestBodyIsSplit sends a body whose length would not fit a record's 16 bits:
// a truncated length would make records of what is in it.
func TestBodyIsSplit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, app, heard := pair(Config{})
		defer app.Close()
		s := c.Open(1)
		body := bytes.Repeat(appendBegin(nil, 1, true), 5000) // 80 kB that look like records
		if err := s.Begin(get(), body, true); err != nil {
			t.Fatal(err)
		}
		app.Close()
		var all []byte
		for b := range heard {
			all = append(all, b...)
		}
		var got []byte
		begins := 0
		for len(all) > 0 {
			r, err := parseRecord(all)
			if err != nil {
				t.Fatal(err)
			}
			content := all[headLen : headLen+r.content]
			all = all[headLen+r.content:]
			switch r.typ {
			case typeBegin:
				begins++
			case typeStdin:
				got = append(got, content...)
			}
		}
		if begins != 1 || !bytes.Equal(got, body) {
			t.Errorf("%d requests, %d bytes of body", begins, len(got))
		}
	})
}

// TestFaults are connections that end before a response did.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name string
		send []byte
		want error
	}{
		{"version", append([]byte{2}, stdout(1, "x")[1:]...), ErrBadRecord},
		{"management id", stdout(0, "x"), ErrBadRecord},
		{"short end", append(appendHead(nil, typeEnd, 1, 2), 0, 0), ErrBadRecord},
		{"refused", end(1, 2), ErrRefused},
		{"no head", append(stdout(1, "X: y\r\n"), end(1, 0)...), io.EOF},
		{"not CGI", append(stdout(1, "HTTP/1.1 200 OK\r\n\r\n"), end(1, 0)...), ErrBadHead},
		{"interim", append(stdout(1, "Status: 100 x\r\n\r\n"), end(1, 0)...), ErrBadHead},
		{"status", append(stdout(1, "Status: 99\r\n\r\n"), end(1, 0)...), ErrBadHead},
		{"too long", stdout(1, "X: "+strings.Repeat("x", 17000)), ErrTooLong},
		{"closed", nil, ErrClosed},
		{"half a record", stdout(1, "x")[:8], ErrClosed},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, app, _ := pair(Config{})
			s := c.Open(1)
			if err := s.Request(get(), true); err != nil {
				t.Fatal(err)
			}
			app.Write(k.send)
			if k.want == ErrClosed {
				app.Close()
			}
			var m tx.Message
			if err := s.ReadHead(&m, time.Now().Add(time.Second)); !errors.Is(err, k.want) {
				t.Errorf("%s: %v, want %v", k.name, err, k.want)
			}
			s.Close()
			app.Close()
		})
	}
}

// TestAbort gives up a request; its connection is of no use any more, for the
// application may still answer.
func TestAbort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, app, heard := pair(Config{KeepConn: true})
		s := c.Open(1)
		s.Request(get(), true)
		<-heard
		var m tx.Message
		if err := s.ReadHead(&m, time.Now().Add(time.Second)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		s.Close()
		if b := <-heard; !bytes.Equal(b, appendHead(nil, typeAbort, 1, 0)) {
			t.Errorf("the application heard %x", b)
		}
		if ok, _ := c.Usable(); ok {
			t.Error("the connection would take another request")
		}
		app.Close()
	})
}

// TestFinish lets an application end a request late whose response was
// complete; one that never does loses its connection.
func TestFinish(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c, app, _ := pair(Config{KeepConn: true})
			s := c.Open(1)
			s.Request(get(), true)
			app.Write(stdout(1, "Content-Length: 1\r\n\r\nx"))
			var m tx.Message
			if err := s.ReadHead(&m, time.Time{}); err != nil || m.Framing != tx.ByLength {
				t.Fatal(err, m.Framing)
			}
			io.ReadFull(s, make([]byte, 1))
			s.Finish()
			s.Close()
			if c.Open(1) != nil {
				t.Error("the application is not done yet")
			}
			if late {
				time.Sleep(drainFor / 2)
				app.Write(end(1, 0))
			}
			time.Sleep(drainFor)
			synctest.Wait()
			if ok, _ := c.Usable(); ok != late {
				t.Errorf("usable: %v", ok)
			}
			app.Close()
		})
	}
}

// TestSlowReader makes the application wait for who reads a long response.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, app, _ := pair(Config{})
		s := c.Open(1)
		s.Request(get(), true)
		const n = 100
		go func() {
			app.Write(stdout(1, "X: y\r\n\r\n"))
			for range n {
				app.Write(stdout(1, strings.Repeat("z", 10000)))
			}
			app.Write(end(1, 0))
		}()
		var m tx.Message
		if err := s.ReadHead(&m, time.Time{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.mu.Lock()
		held := len(s.rbuf)
		c.mu.Unlock()
		if held > heldMax+1<<14 {
			t.Errorf("%d bytes are held", held)
		}
		if b, err := io.ReadAll(s); len(b) != n*10000 || err != nil {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		s.Close()
		app.Close()
	})
}

// TestAsk reads what an application says of itself.
func TestAsk(t *testing.T) {
	t.Parallel()
	values := func(b string) []byte { return append(appendHead(nil, typeValues, 0, len(b)), b...) }
	for _, k := range []struct {
		name, content string
		reqs          int
		err           error
	}{
		{"both", "\x0d\x02FCGI_MAX_REQS10\x0f\x01FCGI_MPXS_CONNS1", 10, nil},
		{"no mpxs", "\x0d\x02FCGI_MAX_REQS10\x0f\x01FCGI_MPXS_CONNS0", 1, nil},
		{"nothing", "", 1, nil},
		{"no number", "\x0d\x01FCGI_MAX_REQSx\x0f\x01FCGI_MPXS_CONNS1", 1, nil},
		{"length", "\x0d\xffFCGI", 0, ErrBadRecord},
		{"long length", "\xff\xff\xff\xff\x01aa", 0, ErrBadRecord},
	} {
		synctest.Test(t, func(t *testing.T) {
			us, them := net.Pipe()
			go func() {
				io.ReadFull(them, make([]byte, len(getValues)))
				them.Write(values(k.content))
			}()
			c := New(wire{us}, Config{})
			err := c.Ask(time.Now().Add(time.Second))
			if !errors.Is(err, k.err) || err == nil && c.limit() != k.reqs {
				t.Errorf("%s: %v, %d requests", k.name, err, c.limit())
			}
			us.Close()
			them.Close()
		})
	}
}

// FuzzRecords gives a connection with two requests whatever an application
// may send; it must end in an error or an answer, and hold little.
func FuzzRecords(f *testing.F) {
	f.Add(append(stdout(1, "Status: 200 OK\r\n\r\nhello"), end(1, 0)...))
	f.Add(append(stdout(3, "Location: /\r\n\r\n"), end(3, 1)...))
	f.Add(append([]byte{1, 7, 0, 1, 0, 4, 200, 0}, "oops"...))
	f.Add(append(appendHead(nil, typeEnd, 1, 2), 0, 0))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		c := New(&script{in: in}, Config{KeepConn: true, Mpxs: true, MaxReqs: 2, Stderr: func([]byte) {}})
		a, b := c.Open(2), c.Open(2)
		a.Request(get(), true)
		b.Request(&tx.Message{Method: []byte("HEAD"), Version: 10}, true)
		done := make(chan struct{})
		go func() { c.Serve(); close(done) }()
		for _, s := range []*Stream{a, b} {
			var m tx.Message
			if err := s.ReadHead(&m, time.Time{}); err == nil {
				if m.Status < 200 || m.Status > 999 {
					t.Errorf("status %d", m.Status)
				}
				n, _ := io.Copy(io.Discard, s)
				if n > int64(len(in)) {
					t.Errorf("%d bytes of %d", n, len(in))
				}
			}
			s.Close()
		}
		<-done
	})
}

// script is a Wire that gives some bytes and ends.
type script struct{ in []byte }

func (s *script) Recv(b []byte, _ time.Time) (int, error) {
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.in[:min(len(s.in), 7)])
	s.in = s.in[n:]
	return n, nil
}

func (s *script) Send([]byte, time.Time) error { return nil }

// FuzzPairs reads name-value pairs and writes them again.
func FuzzPairs(f *testing.F) {
	f.Add([]byte("\x01\x01ab"))
	f.Add([]byte("\x80\x00\x00\x80\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for b := in; len(b) > 0; {
			name, value, rest, ok := nextPair(b)
			if !ok {
				return
			}
			again := AppendPair(nil, name, value)
			if n, v, r, ok := nextPair(again); !ok || !bytes.Equal(n, name) || !bytes.Equal(v, value) || len(r) > 0 {
				t.Fatalf("%q %q became %q", name, value, again)
			}
			b = rest
		}
	})
}

// FuzzParams makes parameters of any path; they must be readable again.
func FuzzParams(f *testing.F) {
	f.Add("/a.php/b%20c?d", "x-y")
	f.Add("*", "host")
	f.Fuzz(func(t *testing.T, uri, name string) {
		m := get()
		m.SetURI([]byte(uri))
		m.AddString(name, "v")
		b, err := AppendParams(nil, m, &App{Docroot: "/w", Index: "i"}, &Request{})
		if err != nil {
			return
		}
		for len(b) > 0 {
			n, _, rest, ok := nextPair(b)
			if !ok || strings.ToUpper(string(n)) != string(n) {
				t.Fatalf("name %q", n)
			}
			b = rest
		}
	})
}
