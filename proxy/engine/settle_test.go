package engine

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"tandem/proxy/listen"
)

// watchedConn shows the engine's accounts at the moment of each write.
type watchedConn struct {
	net.Conn
	onWrite func(b []byte)
}

func (c watchedConn) Write(b []byte) (int, error) {
	c.onWrite(b)
	return c.Conn.Write(b)
}

func (c watchedConn) Close() error {
	c.onWrite(nil)
	return c.Conn.Close()
}

// Whoever has the last byte of a response finds the server connection idle,
// the server's place free and everything counted; whoever sees the end of a
// connection finds it counted no more.
func TestAccountsCloseBeforeTheLastByte(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100<<10)
	for _, tc := range []struct{ name, answer, end string }{
		{"length", okAnswer, "\r\n\r\nok"},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", "\r\n0\r\n\r\n"},
		{"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\na: b\r\n\r\n", "a: b\r\n\r\n"},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", "\r\n\r\n"},
		{"long", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s!", len(long)+1, long), "x!"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := startOrigin(t, always(tc.answer))
			px := startProxy(t, testListen("p"), o.addr)
			client, server := net.Pipe()
			s := px.p.Servers[0].Server
			var ended, closed string
			accounts := func() string {
				return fmt.Sprint(s.Stats.IdleSafe.Load()+s.Stats.IdleUnsafe.Load(), " idle, ", s.Stats.Used.Load(), " used, ",
					s.Stats.Sess.Load(), "+", px.p.Back.Stats.Sess.Load(), " sessions, ", px.p.Front.Stats.Resp.Class[1].Load(), " counted")
			}
			fe := px.p.Front
			done := make(chan struct{})
			go func() {
				defer close(done)
				px.e.ServeConn(watchedConn{server, func(b []byte) {
					switch {
					case b == nil && closed == "":
						closed = fmt.Sprint(fe.Stats.Sess.Load(), " connections")
					case bytes.HasSuffix(b, []byte(tc.end)):
						ended = accounts()
					}
				}}, &listen.Listener{Front: fe, Name: "l"})
			}()
			go io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			got, err := io.ReadAll(client)
			if err != nil || !bytes.HasSuffix(got, []byte(tc.end)) {
				t.Fatalf("%v, answer ends with %q", err, got[max(0, len(got)-20):])
			}
			<-done
			if want := "1 idle, 0 used, 0+0 sessions, 1 counted"; ended != want {
				t.Errorf("at the last write: %s; want %s", ended, want)
			}
			if want := "0 connections"; closed != want {
				t.Errorf("at the end: %s; want %s", closed, want)
			}
		})
	}
}
