package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair returns the two ends of a connection, both of this package.
func pair(t testing.TB) (a, b *Conn) {
	t.Helper()
	nl, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := Take(nl)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	d := Dialer{Deadline: time.Now().Add(10 * time.Second)}
	if a, err = d.TCP(netip.MustParseAddrPort(ln.Addr().String())); err != nil {
		t.Fatal(err)
	}
	b, peer, err := ln.(*Listener).Next()
	if err != nil {
		t.Fatal(err)
	}
	if local := a.LocalAddr().(*net.TCPAddr).AddrPort(); peer != local {
		t.Errorf("peer %v, its own address %v", peer, local)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// soon is a deadline that a test never reaches when all is well.
func soon() time.Time { return time.Now().Add(20 * time.Second) }

// Bytes of any amount arrive in order, however slowly they are read, in both
// directions at once.
func TestTransfer(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	text := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	var wg sync.WaitGroup
	for _, way := range [][2]*Conn{{a, b}, {b, a}} {
		wg.Go(func() {
			if n, err := way[0].Send(text, soon()); n != len(text) || err != nil {
				t.Errorf("sent %d: %v", n, err)
			}
			way[0].CloseWrite()
		})
		wg.Go(func() {
			var got []byte
			for buf := make([]byte, 1<<14); ; {
				n, err := way[1].Recv(buf[:1+len(got)%len(buf)], soon())
				got = append(got, buf[:n]...)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Error(err)
					break
				}
			}
			if !bytes.Equal(got, text) {
				t.Errorf("%d bytes came, not %d", len(got), len(text))
			}
		})
	}
	wg.Wait()
}

// A wait ends with its deadline, with an interruption, a kick and with Close,
// and each says so.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	var buf [8]byte
	if _, err := a.Recv(buf[:], time.Now().Add(20*time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	if _, err := a.Recv(buf[:], time.Now().Add(-time.Second)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline in the past: %v", err)
	}
	ended := make(chan error)
	wait := func(f func() error, end func()) error {
		go func() { ended <- f() }()
		for waiting := false; !waiting; time.Sleep(time.Millisecond) {
			a.mu.Lock()
			waiting = a.in.waiter != nil
			a.mu.Unlock()
		}
		end()
		return <-ended
	}
	recv := func() error { _, err := a.Recv(buf[:], soon()); return err }
	if err := wait(recv, a.Interrupt); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("interrupt: %v", err)
	}
	if err := recv(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after an interrupt: %v", err)
	}
	a.Revive()
	if err := wait(recv, a.Kick); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("kick: %v", err)
	}
	a.Kick()
	if err := recv(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("kick before: %v", err)
	}
	mine := errors.New("mine")
	if err := wait(func() error { return a.Wait(soon()) }, func() { a.EndWait(mine) }); err != mine {
		t.Errorf("end of a wait: %v", err)
	}
	if err := wait(recv, func() { a.EndWait(mine); b.Write([]byte("x")) }); err != nil {
		t.Errorf("another operation than a wait: %v", err)
	}
	if err := wait(recv, func() { a.SetReadDeadline(time.Now()) }); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline set meanwhile: %v", err)
	}
	if err := wait(recv, func() { a.Close() }); !errors.Is(err, net.ErrClosed) {
		t.Errorf("close: %v", err)
	}
	if err := recv(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	if n, err := b.Recv(buf[:], soon()); n != 0 || err != io.EOF {
		t.Errorf("the other end: %d %v", n, err)
	}
}

// Notify calls once, when there is something or when the time is over, with no
// goroutine waiting for it.
func TestNotify(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	said := make(chan error, 2)
	notify := func(d time.Time) { a.Notify(d, func(err error) { said <- err }) }
	notify(soon())
	b.Write([]byte("x"))
	if err := <-said; err != nil {
		t.Error(err)
	}
	notify(soon()) // nobody has read it
	if err := <-said; err != nil {
		t.Error(err)
	}
	var buf [8]byte
	if n, err := a.TryRecv(buf[:]); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	notify(time.Now().Add(10 * time.Millisecond))
	if err := <-said; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	notify(soon())
	a.Close()
	if err := <-said; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// Deadlines of many connections fire in their order, none before its time, and
// closed connections leave nothing behind.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	var conns []*Conn
	for i := range 40 {
		a, _ := pair(t)
		conns = append(conns, a)
		wg.Go(func() {
			at := time.Now().Add(time.Duration(i*7%40) * time.Millisecond)
			var buf [1]byte
			if _, err := a.Recv(buf[:], at); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			if time.Now().Before(at) {
				t.Error("too early")
			}
			go a.Recv(buf[:], soon())
		})
	}
	wg.Wait()
	for _, c := range conns {
		c.Close()
	}
	clock.mu.Lock()
	defer clock.mu.Unlock()
	for i, c := range clock.heap {
		if c.pos != i || i > 0 && clock.less(i, (i-1)/4) {
			t.Errorf("entry %d at %d", i, c.pos)
		}
		for _, x := range conns {
			if x == c {
				t.Error("a closed connection has a deadline")
			}
		}
	}
}

// A refused connection is an error at once; sockets of net are taken over.
func TestDial(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort(ln.Addr().String())
	go func() {
		c, err := ln.Accept()
		if err == nil {
			io.Copy(c, c)
		}
	}()
	nc, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	c := Adopt(nc)
	if c == nil {
		t.Fatal("not taken over")
	}
	defer c.Close()
	if _, err := nc.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the old one: %v", err)
	}
	var buf [8]byte
	c.SetDeadline(soon())
	c.Write([]byte("echo"))
	if n, err := io.ReadFull(c, buf[:4]); err != nil || string(buf[:4]) != "echo" {
		t.Errorf("%q %v", buf[:n], err)
	}
	ln.Close()
	d := Dialer{Deadline: soon()}
	if c, err := d.TCP(to); err == nil {
		c.Close()
		t.Error("connected to nobody")
	}
}

// Splice moves what is there, and tells the end and whose error it is.
func TestSplice(t *testing.T) {
	t.Parallel()
	in, src := pair(t)
	dst, out := pair(t)
	text := bytes.Repeat([]byte("0123456789abcdef"), 50_000)
	go func() {
		in.Send(text, soon())
		in.CloseWrite()
	}()
	got := make(chan []byte)
	go func() {
		out.SetDeadline(soon())
		b, _ := io.ReadAll(out)
		got <- b
	}()
	for {
		_, from, err := dst.Splice(src, 1<<20, soon(), soon())
		if err == nil {
			continue
		}
		if err != io.EOF || from != src {
			t.Errorf("%v", err)
		}
		break
	}
	dst.CloseWrite()
	if b := <-got; !bytes.Equal(b, text) {
		t.Errorf("%d bytes came, not %d", len(b), len(text))
	}
}

// What was sent with SendLast arrives although the peer sent more than was
// read: closing such a socket resets it.
func TestCloseWithUnreadBytes(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	if _, err := b.Send([]byte("nobody reads this"), soon()); err != nil {
		t.Fatal(err)
	}
	if err := a.Wait(soon()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SendLast([]byte("answer"), soon()); err != nil {
		t.Fatal(err)
	}
	a.Close()
	var got []byte
	buf := make([]byte, 100)
	for {
		n, err := b.Recv(buf, soon())
		got = append(got, buf[:n]...)
		if err != nil {
			break
		}
	}
	if string(got) != "answer" {
		t.Errorf("got %q", got)
	}
}

// TrySend stops where there is no room, and what is sent with more to come
// arrives with the end. Ending tells of an end that was not read yet.
func TestTry(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	piece := make([]byte, 64<<10)
	sent := 0
	for {
		n, err := a.TrySend(piece, false)
		if sent += n; err == unix.EAGAIN {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if b.Ending() {
		t.Error("an end that nobody made")
	}
	got := 0
	for got < sent {
		n, err := b.Recv(piece, soon())
		if got += n; err != nil {
			t.Fatal(err)
		}
	}
	if n, err := b.TryRecv(piece); n != 0 || err != unix.EAGAIN {
		t.Errorf("%d %v", n, err)
	}
	if n, err := a.TrySend([]byte("last"), true); n != 4 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	a.CloseWrite()
	n, err := b.Recv(piece, soon())
	if string(piece[:n]) != "last" || err != nil {
		t.Errorf("%q %v", piece[:n], err)
	}
	if n, err := b.Recv(piece, soon()); n != 0 || err != io.EOF {
		t.Errorf("%d %v", n, err)
	}
	if !b.Ending() {
		t.Error("the end was read and is not known")
	}
	if _, err := b.Await(soon(), nil); err != nil {
		t.Error(err)
	}
	a.Close()
	if _, err := a.TrySend(piece, false); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// What came before the deadline is received although nobody was told in time.
func TestLate(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	var buf [8]byte
	for _, recv := range []func() error{
		func() error { _, err := b.Recv(buf[:1], soon()); return err },
		func() error { return b.Wait(soon()) },
	} {
		got := make(chan error, 1)
		go func() { got <- recv() }()
		var w waiter
		for w == nil { // as the clock does, before the poller comes
			b.mu.Lock()
			if b.in.waiter != nil {
				if n, err := a.TrySend([]byte("xy"), false); n != 2 || err != nil {
					t.Error(n, err)
				}
				w, b.in.waiter = b.in.waiter, nil
			}
			b.mu.Unlock()
			runtime.Gosched()
		}
		w.wake(errExpired)
		if err := <-got; err != nil {
			t.Error(err)
		}
		b.Recv(buf[:], soon())
	}
}
