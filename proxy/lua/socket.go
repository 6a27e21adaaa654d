package lua

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	glua "github.com/yuin/gopher-lua"
)

// socket is what a Socket object stands for. Its methods wait without holding
// the state's lock.
type socket struct {
	c       net.Conn
	in      *bufio.Reader
	timeout time.Duration
	closed  bool
}

// socketTimeout is how long sockets wait where settimeout said nothing.
const socketTimeout = 5 * time.Second

func newSocket(l *glua.LState) int {
	l.Push(stateOf(l).object("Socket", &socket{timeout: socketTimeout}))
	return 1
}

func (st *state) openSockets() {
	st.methods("Socket", map[string]glua.LGFunction{
		"connect": socketConnect(false), "connect_ssl": socketConnect(true), "send": socketSend, "receive": socketReceive,
		"close": socketClose, "settimeout": socketTimeoutSet, "setoption": func(*glua.LState) int { return 0 },
		"getpeername": socketName(func(c net.Conn) net.Addr { return c.RemoteAddr() }), "getsockname": socketName(func(c net.Conn) net.Addr { return c.LocalAddr() }),
	})
	for _, verb := range []string{"get", "head", "put", "post", "delete"} {
		st.methods("HTTPClient", map[string]glua.LGFunction{verb: clientCall(strings.ToUpper(verb))})
	}
}

// failed pushes nil and why.
func failed(l *glua.LState, err error) int {
	l.Push(glua.LNil)
	l.Push(glua.LString(socketError(err)))
	return 2
}

func socketError(err error) string {
	var ne net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return "connection closed."
	}
	return sysText(err)
}

// dialAddress reads where to connect to: an address with or without prefix
// ("ipv4@", "unix@" …) and port, or the path of a socket.
func dialAddress(addr, port string) (network, target string) {
	kind, rest, prefixed := strings.Cut(addr, "@")
	switch {
	case prefixed && kind == "unix":
		return "unix", rest
	case prefixed && kind == "abns":
		return "unix", "@" + rest
	case prefixed:
		addr = rest
	case strings.HasPrefix(addr, "/"):
		return "unix", addr
	}
	if port == "" {
		if host, p, err := net.SplitHostPort(addr); err == nil {
			return "tcp", net.JoinHostPort(host, p)
		}
		if i := strings.LastIndexByte(addr, ':'); i >= 0 {
			return "tcp", net.JoinHostPort(addr[:i], addr[i+1:])
		}
	}
	return "tcp", net.JoinHostPort(strings.Trim(addr, "[]"), port)
}

func socketConnect(secure bool) glua.LGFunction {
	return func(l *glua.LState) int {
		s := self[*socket](l, 1, "Socket")
		addr := l.CheckString(2)
		port, _ := text(l, 3)
		if s.c != nil || s.closed {
			l.RaiseError("connect: cannot use socket: connected or closed before")
		}
		network, target := dialAddress(addr, port)
		var err error
		r := current(l)
		block(l, func() {
			ctx, cancel := context.WithTimeout(r.base(), s.timeout)
			defer cancel()
			var d net.Dialer
			var c net.Conn
			if c, err = d.DialContext(ctx, network, target); err != nil || !secure {
				s.c = c
				return
			}
			t := tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // as the original does: the script knows nobody to trust
			if err = t.HandshakeContext(ctx); err != nil {
				c.Close()
				return
			}
			s.c = t
		})
		if err != nil {
			s.c = nil
			return failed(l, err)
		}
		s.in = bufio.NewReaderSize(s.c, 4096)
		r.close = append(r.close, func() { // whoever forgets to close a socket does not keep it
			if r.kind != kindTask {
				s.c.Close()
			}
		})
		l.Push(glua.LNumber(1))
		return 1
	}
}

// base is the context of what a run waits for.
func (r *run) base() context.Context {
	if c := r.st.m.stop; c != nil && r.kind == kindTask {
		return c
	}
	return context.Background()
}

// open returns a socket that is connected, or pushes an error.
func openSocket(l *glua.LState, name string) *socket {
	s := self[*socket](l, 1, "Socket")
	if s.c == nil || s.closed {
		return nil
	}
	return s
}

func socketSend(l *glua.LState) int {
	s := openSocket(l, "send")
	if s == nil {
		return failed(l, net.ErrClosed)
	}
	data := []byte(l.CheckString(2))
	first, last := position(l.OptInt(3, 1), len(data)), position(l.OptInt(4, -1), len(data))
	first = max(first, 1)
	last = min(last, len(data))
	if first <= last {
		data = data[first-1 : last]
	} else {
		data = nil
	}
	var n int
	var err error
	block(l, func() {
		s.c.SetWriteDeadline(time.Now().Add(s.timeout))
		n, err = s.c.Write(data)
	})
	if err != nil {
		failed(l, err)
		l.Push(glua.LNumber(n + first - 1))
		return 3
	}
	l.Push(glua.LNumber(n + first - 1))
	return 1
}

func socketReceive(l *glua.LState) int {
	s := openSocket(l, "receive")
	if s == nil {
		return failed(l, net.ErrClosed)
	}
	want := -2 // a line
	switch v := l.Get(2).(type) {
	case glua.LNumber:
		want = int(v)
		if want < 0 || want > maxString {
			l.ArgError(2, "out of range")
		}
	case glua.LString:
		switch v {
		case "*l":
		case "*a":
			want = -1
		default:
			n, ok := number(v)
			if !ok || n < 0 || n > maxString {
				l.ArgError(2, "Unsupported pattern.")
			}
			want = int(n)
		}
	}
	prefix := l.OptString(3, "")
	var data []byte
	var err error
	block(l, func() {
		s.c.SetReadDeadline(time.Now().Add(s.timeout))
		data, err = s.read(want)
	})
	data = append([]byte(prefix), data...)
	if err != nil {
		failed(l, err)
		l.Push(glua.LString(data))
		return 3
	}
	l.Push(glua.LString(data))
	return 1
}

// read reads n bytes, a line without its end (-2), or all (-1).
func (s *socket) read(n int) ([]byte, error) {
	switch {
	case n == -1:
		data, err := io.ReadAll(io.LimitReader(s.in, maxString))
		if err == nil && len(data) == 0 {
			err = io.EOF
		}
		return data, err
	case n == -2:
		var line []byte
		for len(line) < maxString {
			part, err := s.in.ReadSlice('\n')
			line = append(line, part...)
			if err == nil {
				return []byte(strings.TrimRight(string(line), "\r\n")), nil
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return line, err
			}
		}
		return line, bufio.ErrBufferFull
	}
	data := make([]byte, n)
	k, err := io.ReadFull(s.in, data)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return data[:k], err
}

func socketClose(l *glua.LState) int {
	s := self[*socket](l, 1, "Socket")
	if s.c != nil {
		s.c.Close()
	}
	s.closed = true
	return 0
}

func socketTimeoutSet(l *glua.LState) int {
	s := self[*socket](l, 1, "Socket")
	d := time.Duration(float64(l.CheckNumber(2)) * float64(time.Second))
	if d < 0 {
		l.ArgError(2, "settimeout: cannot set negatives values")
	}
	if d > 0x7fffffff*time.Millisecond {
		l.ArgError(2, "settimeout: cannot set values larger than 2147483647 ms")
	}
	s.timeout = max(d, time.Millisecond)
	l.Push(glua.LNumber(1))
	return 1
}

func socketName(of func(net.Conn) net.Addr) glua.LGFunction {
	return func(l *glua.LState) int {
		s := openSocket(l, "getpeername")
		if s == nil {
			l.Push(glua.LNil)
			return 1
		}
		a := of(s.c)
		if t, ok := a.(*net.TCPAddr); ok {
			l.Push(glua.LString(t.IP.String() + ":" + strconv.Itoa(t.Port)))
		} else {
			l.Push(glua.LString(a.String()))
		}
		return 1
	}
}
