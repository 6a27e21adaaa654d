package filter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"tandem/proxy/tx"
)

func TestVarint(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64][]byte{0: {0}, 239: {239}, 240: {240, 0}, 2287: {255, 127}, 2288: {240, 128, 0},
		264431: {255, 255, 127}, 264432: {240, 128, 128, 0}} { // the borders of SPOE.txt 3.1
		got := AppendVarint(nil, n)
		if !bytes.Equal(got, want) {
			t.Errorf("%d: % x, want % x", n, got, want)
		}
		if m, rest, ok := cutVarint(got); m != n || len(rest) > 0 || !ok {
			t.Errorf("%d became %d", n, m)
		}
	}
	for _, n := range []uint64{1 << 40, 1<<64 - 1, 1<<64 - 5} {
		if m, _, ok := cutVarint(AppendVarint(nil, n)); m != n || !ok {
			t.Errorf("%d became %d", n, m)
		}
	}
	if _, _, ok := cutVarint(bytes.Repeat([]byte{255}, 20)); ok {
		t.Error("a number without end was taken")
	}
}

// samples are one value of each type.
func samples() (out []tx.Value) {
	for _, set := range []func(v *tx.Value){
		func(v *tx.Value) { v.SetBool(true) }, func(v *tx.Value) { v.SetBool(false) },
		func(v *tx.Value) { v.SetInt(-5) }, func(v *tx.Value) { v.SetInt(1 << 40) },
		func(v *tx.Value) { v.SetIP(netip.MustParseAddr("1.2.3.4")) }, func(v *tx.Value) { v.SetIP(netip.MustParseAddr("2001:db8::1")) },
		func(v *tx.Value) { v.SetStr([]byte("text")) }, func(v *tx.Value) { v.SetBin([]byte{0, 255}) },
	} {
		var v tx.Value
		set(&v)
		out = append(out, v)
	}
	return out
}

func TestTyped(t *testing.T) {
	t.Parallel()
	for _, v := range samples() {
		got, null, rest, ok := cutTyped(AppendTyped(nil, &v))
		if !ok || null || len(rest) > 0 || got.Type != v.Type || got.Int != v.Int || got.IP != v.IP || !bytes.Equal(got.B, v.B) {
			t.Errorf("%v became %v", v, got)
		}
	}
	if _, null, _, ok := cutTyped(AppendTyped(nil, nil)); !null || !ok {
		t.Error("nothing became something")
	}
}

func setVar(scope byte, name string, v *tx.Value) []byte {
	return AppendTyped(appendString([]byte{1, 3, scope}, name), v)
}

func TestActions(t *testing.T) {
	t.Parallel()
	v := samples()[6]
	list := append(setVar(2, "a", &v), appendString([]byte{2, 2, 1}, "b")...)
	for _, k := range []struct {
		name  string
		in    []byte
		ok    bool
		count int
	}{
		{"two", list, true, 2},
		{"none", nil, true, 0},
		{"null", setVar(0, "a", nil), true, 1},
		{"unknown", append(list, 9, 1, 1), false, 2},
		{"scope", setVar(7, "a", &v), false, 0},
		{"count", []byte{1, 2, 2, 1, 'a'}, false, 0},
		{"short", list[:5], false, 0},
		{"type", append(appendString([]byte{1, 3, 2}, "a"), 15), false, 0},
	} {
		n := 0
		if ok := Actions(k.in, func(*VarAction) { n++ }); ok != k.ok || n != k.count {
			t.Errorf("%s: %v, %d actions", k.name, ok, n)
		}
	}
}

// agent is the other end of a connection.
type agent struct {
	t *testing.T
	net.Conn
}

type pipeWire struct{ net.Conn }

func (w pipeWire) Recv(b []byte, d time.Time) (int, error) {
	w.SetReadDeadline(d)
	return w.Read(b)
}

func (w pipeWire) Send(b []byte, d time.Time) error {
	w.SetWriteDeadline(d)
	_, err := w.Write(b)
	return err
}

// frame reads a frame.
func (a *agent) frame() (f frame, ok bool) {
	var n [4]byte
	if _, err := io.ReadFull(a, n[:]); err != nil {
		return f, false
	}
	b := make([]byte, binary.BigEndian.Uint32(n[:]))
	if _, err := io.ReadFull(a, b); err != nil {
		return f, false
	}
	if f, ok = parseFrame(b); !ok {
		a.t.Errorf("malformed frame % x", b)
	}
	return f, ok
}

func helloOf(version string, size uint64, caps string) []byte {
	p := appendPair(nil, "version", typString, 0, version)
	p = appendPair(p, "max-frame-size", typUint32, size, "")
	return appendFrame(nil, frameAgentHello, 0, 0, appendPair(p, "capabilities", typString, 0, caps))
}

// dialed connects to an agent that answers the hello with answer.
func dialed(t *testing.T, hello []byte) (*AgentConn, *agent, error) {
	us, them := net.Pipe()
	a := &agent{t, them}
	go func() {
		if a.frame(); len(hello) > 0 {
			a.Write(hello)
		}
	}()
	c, err := DialAgent(pipeWire{us}, 1000, true, "id", time.Now().Add(time.Second), func() { us.Close() })
	if err == nil {
		go c.Serve()
	}
	return c, a, err
}

func TestHello(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name  string
		hello []byte
		want  error
	}{
		{"fine", helloOf("2.0", 1000, "pipelining"), nil},
		{"version", helloOf("1.0", 1000, ""), SPOPBadVersion},
		{"small", helloOf("2.0", 100, ""), SPOPBadSize},
		{"large", helloOf("2.0", 1001, ""), SPOPBadSize},
		{"empty", appendFrame(nil, frameAgentHello, 0, 0, nil), SPOPNoVersion},
		{"bye", appendFrame(nil, frameAgentBye, 0, 0, appendPair(nil, "status-code", typUint32, 42, "")), SPOPError(42)},
		{"ack", appendFrame(nil, frameAck, 1, 1, nil), SPOPInvalid},
		{"huge", []byte{0, 1, 0, 0}, SPOPTooBig},
		{"silent", nil, os.ErrDeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, a, err := dialed(t, k.hello)
			if !errors.Is(err, k.want) {
				t.Errorf("%s: %v, want %v", k.name, err, k.want)
			}
			if err == nil {
				c.end(io.EOF)
			}
			a.Close()
		})
	}
}

// TestPipelining asks twice at once and is answered the other way round.
func TestPipelining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, a, err := dialed(t, helloOf("2.0", 1000, "async, pipelining"))
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 2)
		for _, text := range []string{"one", "two"} {
			q := c.Take()
			go func() {
				b, err := q.Ask([]byte(text), time.Time{})
				if err != nil {
					t.Error(err)
				}
				got <- text + string(b)
			}()
		}
		var frames []frame
		for range 2 {
			f, _ := a.frame()
			frames = append(frames, f)
		}
		for i := range 2 {
			f := frames[1-i]
			a.Write(appendFrame(nil, frameAck, f.sid, f.fid, f.payload))
		}
		for range 2 {
			if s := <-got; s != "oneone" && s != "twotwo" {
				t.Errorf("got %s", s)
			}
		}
		c.end(io.EOF)
		a.Close()
	})
}

// TestHostile are agents that answer with what is no answer.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name   string
		answer func(f *frame) []byte // nil: close
		want   error
	}{
		{"stream", func(f *frame) []byte { return appendFrame(nil, frameAck, f.sid+1, f.fid, nil) }, SPOPNoFrame},
		{"frame", func(f *frame) []byte { return appendFrame(nil, frameAck, f.sid, f.fid+1, nil) }, SPOPNoFrame},
		{"bye", func(*frame) []byte {
			return appendFrame(nil, frameAgentBye, 0, 0, appendPair(nil, "status-code", typUint32, 7, ""))
		}, SPOPError(7)},
		{"huge", func(*frame) []byte { return []byte{255, 255, 255, 255} }, SPOPTooBig},
		{"fragment", func(*frame) []byte { return []byte{0, 0, 0, 7, frameAck, 0, 0, 0, 0, 1, 1} }, SPOPFragmented},
		{"short", func(*frame) []byte { return []byte{0, 0, 0, 2, frameAck, 0} }, SPOPInvalid},
		{"close", nil, io.EOF},
		{"other frames", func(f *frame) []byte {
			b := append([]byte{0, 0, 0, 0}, appendFrame(nil, 77, 5, 5, nil)...)
			return appendFrame(append(b, helloOf("2.0", 1000, "")...), frameAck, f.sid, f.fid, nil)
		}, nil},
		{"silence", func(*frame) []byte { return []byte{0, 0, 0, 0} }, os.ErrDeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, a, err := dialed(t, helloOf("2.0", 1000, ""))
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				f, ok := a.frame()
				switch {
				case !ok:
				case k.answer == nil:
					a.Close()
				default:
					a.Write(k.answer(&f))
					io.Copy(io.Discard, a)
				}
			}()
			q := c.Take()
			if c.Take() != nil {
				t.Errorf("%s: a second question without pipelining", k.name)
			}
			if _, err := q.Ask([]byte("x"), time.Now().Add(time.Second)); !errors.Is(err, k.want) {
				t.Errorf("%s: %v, want %v", k.name, err, k.want)
			}
			c.end(io.EOF)
			a.Close()
		})
	}
}

// TestLate takes an answer that nobody waits for any more.
func TestLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, a, err := dialed(t, helloOf("2.0", 1000, "pipelining"))
		if err != nil {
			t.Fatal(err)
		}
		heard := make(chan frame, 1)
		go func() {
			f, _ := a.frame()
			heard <- f
		}()
		if _, err := c.Take().Ask(nil, time.Now().Add(time.Second)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		f := <-heard
		a.Write(appendFrame(nil, frameAck, f.sid, f.fid, nil))
		synctest.Wait()
		if c.Take() == nil {
			t.Error("the connection is of no use any more")
		}
		if q := c.Take(); q != nil {
			if _, err := q.Ask(make([]byte, 1000), time.Time{}); err != ErrTooLong {
				t.Errorf("a frame longer than agreed: %v", err)
			}
		}
		c.end(io.EOF)
		a.Close()
	})
}

// FuzzAgent gives a connection whatever an agent may send.
func FuzzAgent(f *testing.F) {
	f.Add(append(helloOf("2.0", 1000, "pipelining"), appendFrame(nil, frameAck, 1, 1, []byte{2, 2, 1, 1, 'a'})...))
	f.Add(appendFrame(nil, frameAgentBye, 0, 0, appendPair(nil, "status-code", typUint32, 42, "")))
	f.Add(append(helloOf("2.0", 256, ""), 0, 0, 0, 0, 255))
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := DialAgent(&given{in}, 1000, true, "id", time.Time{}, func() {})
		if err != nil {
			return
		}
		q := c.Take()
		done := make(chan struct{})
		go func() { c.Serve(); close(done) }()
		if b, err := q.Ask(nil, time.Time{}); err == nil {
			n := 0
			Actions(b, func(a *VarAction) { n += len(a.Name) + len(a.Value.B) })
			if n > len(in) {
				t.Errorf("%d bytes of %d", n, len(in))
			}
		}
		<-done
	})
}

// given is a Wire that gives some bytes and ends.
type given struct{ in []byte }

func (g *given) Recv(b []byte, _ time.Time) (int, error) {
	if len(g.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, g.in)
	g.in = g.in[n:]
	return n, nil
}

func (g *given) Send([]byte, time.Time) error { return nil }
